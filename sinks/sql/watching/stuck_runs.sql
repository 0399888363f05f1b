-- Runs of a workspace that have begun, are not held, take far too long, and were not told of by this rule: longer than the rule allows; where it
-- says nothing, than three times the longest of its job's last runs, and ten minutes; or than their own deadline and a minute.
-- Of its job's runs the newest hundred are looked at, for those that succeeded: there may be a million that did not. And only where it
-- matters: thousands of runs may be at work that have just begun.
SELECT r.id, r.job_id, r.started_at
FROM jobs_run AS r
LEFT JOIN LATERAL (
    SELECT count(*) AS runs, max(l.ended_at - l.started_at) AS longest
    FROM (
        SELECT n.started_at, n.ended_at
        FROM (
            SELECT * FROM jobs_run AS u
            WHERE u.job_id = r.job_id AND %(allowed)s::interval IS NULL AND r.started_at <= %(now)s::timestamptz - interval '10 minutes'
            ORDER BY u.id DESC LIMIT 100
        ) AS n
        WHERE n.state = 'succeeded' AND n.trigger <> 'replay'
        ORDER BY n.id DESC
        LIMIT 20
    ) AS l
) AS usual ON true
WHERE r.workspace_id = %(workspace_id)s AND r.ended_at IS NULL AND r.id > 0 AND r.started_at IS NOT NULL AND r.job_id IS NOT NULL
    AND (%(job_ids)s::bigint[] IS NULL OR r.job_id = ANY (%(job_ids)s::bigint[]))
    AND r.state IN ('running', 'resuming', 'cancelling')
    AND (
        r.started_at <= %(now)s::timestamptz - %(allowed)s::interval
        OR usual.runs >= %(enough)s AND r.started_at <= %(now)s::timestamptz - GREATEST(3 * usual.longest, interval '10 minutes')
        OR r.deadline_at <= %(now)s::timestamptz - interval '1 minute'
    )
    AND NOT EXISTS (SELECT FROM sinks_notice AS n WHERE n.rule_id = %(rule_id)s AND n.key = 'run.stuck:' || r.id)
ORDER BY r.id
LIMIT %(take)s
