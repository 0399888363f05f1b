-- Keep why a schedule could not be fired; what it owes is put off, so that the others go first for a while.
-- locked: the caller has it. Else only if it is due still: somebody has mended it meanwhile, or another beat has fired it.
WITH clock AS MATERIALIZED (
    SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
), noted AS (
    UPDATE scheduler_schedule AS s
    SET problem = %(problem)s,
        next_run_at = CASE WHEN s.next_run_at <= clock.now THEN clock.now + %(retry_in)s::interval ELSE s.next_run_at END
    FROM clock
    WHERE s.id = %(schedule_id)s::bigint AND (%(locked)s::bool OR s.next_run_at <= clock.now)
    RETURNING s.id
)
UPDATE scheduler_fire AS f
SET due_at = clock.now + %(retry_in)s::interval
FROM clock, noted
WHERE f.schedule_id = noted.id AND f.state = 'waiting' AND f.due_at <= clock.now
