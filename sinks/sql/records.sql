-- The outcomes of a range of a run's payloads, in order of their positions: so many, or as many as are not too large together, but one at least.
-- What counts is the size that it has here, in memory: a value is read to learn its size only where the database has compressed it. Whether the run's results were erased is asked in the same
-- statement, which sees either all of an erasure or nothing.
SELECT
    position, name, kind, state, attempts, started_at, ended_at, result, error, stored,
    (SELECT run.results_erased_at IS NOT NULL FROM jobs_run AS run WHERE run.id = %(run_id)s) AS erased
FROM (
    SELECT r.*, sum(r.size) OVER (ORDER BY r.position) - r.size AS before
    FROM (
        SELECT
            position, name, kind, state, attempts, started_at, ended_at, result, error, stored,
            CASE
                WHEN result IS NULL THEN 0
                WHEN pg_column_compression(result) IS NULL THEN pg_column_size(result)
                ELSE octet_length(result::text)
            END AS size
        FROM jobs_payload
        WHERE run_id = %(run_id)s AND position >= %(low)s AND position <= %(high)s AND state = ANY (%(states)s::text[])
            AND (%(names)s::text[] IS NULL OR name = ANY (%(names)s::text[]))
        ORDER BY position
        LIMIT %(take)s
    ) AS r
) AS r
WHERE before < %(most_bytes)s
ORDER BY position
