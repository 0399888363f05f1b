-- Schedules with fires that waited and are due: those of the longest due, besides schedules that were passed over.
-- clock: as in claim_due.sql, or the index would be read to its end.
WITH clock AS MATERIALIZED (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now)
SELECT DISTINCT schedule_id FROM (
    SELECT schedule_id FROM scheduler_fire
    WHERE state = 'waiting' AND due_at <= (SELECT now FROM clock) AND schedule_id <> ALL (%(besides)s::bigint[])
    ORDER BY due_at
    LIMIT %(take)s
) AS longest_due
