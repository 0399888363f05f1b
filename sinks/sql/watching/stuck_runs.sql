-- Of the next so many runs of a workspace that have not ended, those that have begun, are not held, and take far too long: longer than the
-- rule allows; where it says nothing, than three times the longest of its job's last runs, and ten minutes; or than their own deadline
-- and a minute. With each, and at least once, the last run that was looked at; 0 when there are no further ones.
-- Only so many suspects are looked at closely. Of a suspect's job the newest hundred runs are read, for those that succeeded: there may
-- be a million that did not. They are asked for as a range, too: without statistics the
-- planner would take one job's to be few, and read and sort them all.
-- The workspace is asked for as a range, and ordered by: so no index answers but that of the runs that have not ended (run_active_of_all);
-- were it equal to something, the planner might go through all that there have been by their ids, and drop those that have ended.
WITH page AS MATERIALIZED (
    SELECT r.id, r.job_id, r.state, r.started_at, r.deadline_at
    FROM jobs_run AS r
    WHERE r.ended_at IS NULL AND r.id > 0
        AND (r.workspace_id, r.id) > (%(workspace_id)s::bigint, %(reached)s::bigint)
        AND (r.workspace_id, r.id) < (%(workspace_id)s::bigint + 1, 0::bigint)
    ORDER BY r.workspace_id, r.id
    LIMIT %(page)s
), suspects AS MATERIALIZED (
    SELECT p.id, p.job_id, p.started_at, p.deadline_at <= %(now)s::timestamptz - interval '1 minute' AS overdue
    FROM page AS p
    WHERE p.started_at IS NOT NULL AND p.job_id IS NOT NULL AND p.state IN ('running', 'resuming', 'cancelling')
        AND (
            p.started_at <= %(now)s::timestamptz - COALESCE(%(allowed)s::interval, interval '10 minutes')
            OR p.deadline_at <= %(now)s::timestamptz - interval '1 minute'
        )
    ORDER BY p.id
    LIMIT %(suspects)s
), stuck AS (
    SELECT s.id, s.job_id, s.started_at
    FROM suspects AS s
    LEFT JOIN LATERAL (
        SELECT count(*) AS runs, max(l.ended_at - l.started_at) AS longest
        FROM (
            SELECT n.started_at, n.ended_at
            FROM (
                SELECT * FROM jobs_run AS u
                WHERE u.job_id >= s.job_id AND %(allowed)s::interval IS NULL
                ORDER BY u.job_id, u.id DESC LIMIT 100
            ) AS n
            WHERE n.job_id = s.job_id AND n.state = 'succeeded' AND n.trigger <> 'replay'
            ORDER BY n.id DESC
            LIMIT 20
        ) AS l
    ) AS usual ON true
    WHERE s.overdue
        OR s.started_at <= %(now)s::timestamptz - %(allowed)s::interval
        OR usual.runs >= %(enough)s AND s.started_at <= %(now)s::timestamptz - GREATEST(3 * usual.longest, interval '10 minutes')
)
SELECT looked.reached, stuck.*
FROM (
    SELECT CASE
        WHEN (SELECT count(*) FROM suspects) = %(suspects)s THEN (SELECT max(id) FROM suspects)
        WHEN count(*) = %(page)s THEN max(id)
        ELSE 0
    END AS reached
    FROM page
) AS looked
LEFT JOIN stuck ON true
ORDER BY stuck.id
