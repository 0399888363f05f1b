-- Of the next so many runs of a workspace that have not ended, those of each job that were to begin before a time, have not begun, and were
-- not told of by this rule: how many, the first and the last. With each, and at least once, the last run that was looked at; 0 when
-- there are no further ones.
-- How far the rule has told is asked run by run: joined, the planner might read all that the rule knows.
-- The workspace is asked for as a range, and ordered by: so no index answers but that of the runs that have not ended (run_active_of_all);
-- were it equal to something, the planner might go through all that there have been by their ids, and drop those that have ended.
WITH page AS MATERIALIZED (
    SELECT r.id, r.job_id, r.state, r.trigger, r.started_at, r.created_at
    FROM jobs_run AS r
    WHERE r.ended_at IS NULL AND r.id > 0
        AND (r.workspace_id, r.id) > (%(workspace_id)s::bigint, %(reached)s::bigint)
        AND (r.workspace_id, r.id) < (%(workspace_id)s::bigint + 1, 0::bigint)
    ORDER BY r.workspace_id, r.id
    LIMIT %(page)s
), late AS (
    SELECT p.job_id, count(*) AS count, min(p.id) AS first, max(p.id) AS last, min(p.created_at) AS since
    FROM page AS p
    WHERE p.state = 'pending' AND p.started_at IS NULL AND p.created_at <= %(before)s AND p.trigger <> 'replay' AND p.job_id IS NOT NULL
        AND p.id > COALESCE((SELECT w.late_until FROM sinks_watch AS w WHERE w.rule_id = %(rule_id)s AND w.job_id = p.job_id), 0)
    GROUP BY p.job_id
)
SELECT looked.reached, late.*
FROM (SELECT CASE WHEN count(*) = %(page)s THEN max(id) ELSE 0 END AS reached FROM page) AS looked
LEFT JOIN late ON true
ORDER BY late.job_id
