-- The outcomes of a range of a run's payloads, in order of their positions: so many, or as many as are not too large together, but one at least.
-- A large value is not read to learn its size, which is the compressed one.
SELECT position, name, kind, state, attempts, started_at, ended_at, result, error, stored
FROM (
    SELECT r.*, sum(r.size) OVER (ORDER BY r.position) - r.size AS before
    FROM (
        SELECT
            position, name, kind, state, attempts, started_at, ended_at, result, error, stored,
            COALESCE(pg_column_size(result), 0) AS size
        FROM jobs_payload
        WHERE run_id = %(run_id)s AND position >= %(low)s AND position <= %(high)s AND state = ANY (%(states)s::text[])
            AND (%(names)s::text[] IS NULL OR name = ANY (%(names)s::text[]))
        ORDER BY position
        LIMIT %(take)s
    ) AS r
) AS r
WHERE before < %(most_bytes)s
ORDER BY position
