-- Of each job of a workspace, its runs that were to begin before a time, have not begun, and were not told of by this rule: how many, the first and the last.
SELECT r.job_id, count(*) AS count, min(r.id) AS first, max(r.id) AS last, min(r.created_at) AS since
FROM jobs_run AS r
LEFT JOIN sinks_watch AS w ON w.rule_id = %(rule_id)s AND w.job_id = r.job_id
WHERE r.workspace_id = %(workspace_id)s AND r.ended_at IS NULL AND r.id > 0 AND r.state = 'pending' AND r.started_at IS NULL
    AND r.created_at <= %(before)s AND r.trigger <> 'replay' AND r.job_id IS NOT NULL AND r.id > COALESCE(w.late_until, 0)
GROUP BY r.job_id
ORDER BY r.job_id
