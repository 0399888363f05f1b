-- next_at -> later, by as many intervals as payloads are to start, for all these rates at once: if the first may start within a second.
-- Else nothing moves, and the wait is told. known: every rate has its row; the caller adds what is missing.
-- The first start is the latest of the rates': a job's payloads wait for its group, and its own rate counts from when they start.
-- LEAST: what was reserved is over in a second and an interval; beyond that it is the trace of a rate that has been raised since.
-- A reservation that a crash of the server undoes does no harm: so the commit does not wait for the disk.
WITH asked AS MATERIALIZED (
    SELECT o.key, o.interval_ms * interval '1 ms' AS span, o.interval_ms * %(count)s * interval '1 ms' AS whole
    FROM unnest(%(keys)s::text[], %(intervals_ms)s::float8[]) AS o (key, interval_ms)
), held AS MATERIALIZED (
    SELECT r.key, r.next_at, asked.span, asked.whole
    FROM asked JOIN jobs_rate AS r ON r.key = asked.key
    ORDER BY r.key
    FOR NO KEY UPDATE OF r
), clock AS MATERIALIZED (
    SELECT count(*) AS many, COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now, set_config('synchronous_commit', 'off', true) AS quick FROM held
), first AS MATERIALIZED (
    SELECT clock.now, clock.many = cardinality(%(keys)s::text[]) AS known,
        GREATEST(clock.now, (SELECT max(LEAST(held.next_at, clock.now + interval '1.2 s' + held.span)) FROM held)) AS at
    FROM clock
), moved AS (
    UPDATE jobs_rate AS r SET next_at = first.at + held.whole
    FROM held, first
    WHERE r.key = held.key AND first.known AND first.at <= first.now + interval '1 s'
    RETURNING r.key
)
SELECT first.known, (SELECT count(*) FROM moved) > 0 AS granted, EXTRACT(epoch FROM first.at - first.now)::float8 AS seconds FROM first
