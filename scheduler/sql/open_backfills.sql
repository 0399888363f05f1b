-- The running backfills that can go on, the oldest first: there is room for another of its runs and a fire time left to run, or all of
-- it has come to its end and only that is to be said. Those that wait for their runs are left out: nothing would come of locking them.
SELECT b.id, b.schedule_id
FROM scheduler_backfill AS b
JOIN scheduler_schedule AS s ON s.id = b.schedule_id
JOIN jobs_job AS j ON j.id = s.job_id
CROSS JOIN LATERAL (
    SELECT count(*) AS active FROM scheduler_backfill_time AS t
    WHERE t.backfill_id = b.id AND t.state = 'started'
        AND EXISTS (SELECT 1 FROM jobs_run AS r WHERE r.id = t.run_id AND r.ended_at IS NULL)
) AS held
WHERE b.state = 'running' AND j.state = 'active' AND held.active < b."limit" AND (
    held.active = 0 OR EXISTS (SELECT 1 FROM scheduler_backfill_time AS t WHERE t.backfill_id = b.id AND t.state = 'owed')
)
ORDER BY b.id
LIMIT %(limit)s
