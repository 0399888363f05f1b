-- Keep why a schedule could not be fired; what it owes is put off, so that the others go first for a while.
-- locked: the caller has it. Else only if it is due still: somebody has mended it meanwhile, or another beat has fired it.
-- Shape: the schedule's own fires that wait, and each by its id, also where the statistics say that none wait.
WITH clock AS MATERIALIZED (
    SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
), noted AS (
    UPDATE scheduler_schedule AS s
    SET problem = %(problem)s,
        next_run_at = CASE WHEN s.next_run_at <= clock.now THEN clock.now + %(retry_in)s::interval ELSE s.next_run_at END
    FROM clock
    WHERE s.id = %(schedule_id)s::bigint AND (%(locked)s::bool OR s.next_run_at <= clock.now)
    RETURNING s.id
), due AS MATERIALIZED (
    SELECT f.id FROM clock, noted CROSS JOIN LATERAL (
        SELECT q.id, q.state, q.due_at FROM scheduler_fire AS q WHERE q.schedule_id = noted.id AND q.state IN ('waiting', 'buffered') OFFSET 0
    ) AS f
    WHERE f.state = 'waiting' AND f.due_at <= clock.now
)
UPDATE scheduler_fire AS f
SET due_at = clock.now + %(retry_in)s::interval
FROM clock
WHERE f.id = ANY (ARRAY(SELECT due.id FROM due)) AND f.state || '' = 'waiting'
