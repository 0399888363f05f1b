-- Keep the attempts that did not succeed. Part of a report's transaction, behind its fence.
INSERT INTO jobs_attempt (run_id, position, number, state, error, worker, started_at, ended_at)
SELECT %(run_id)s, o.position, o.number, o.state, o.error::jsonb, %(worker)s, o.started_at, o.ended_at
FROM unnest(
    %(positions)s::int[], %(numbers)s::smallint[], %(states)s::text[], %(errors)s::text[], %(started_at)s::timestamptz[],
    %(ended_at)s::timestamptz[]
) AS o (position, number, state, error, started_at, ended_at)
