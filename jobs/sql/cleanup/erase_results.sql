-- Results of these runs -> null: at most so many of their payloads', and those that the runs show as their own. What is shown of a stored one
-- is its result, too; the object is erased once nothing refers to it.
WITH shown AS (
    UPDATE jobs_run SET result = NULL WHERE id = ANY (%(run_ids)s::bigint[]) AND result IS NOT NULL
)
UPDATE jobs_payload SET result = NULL, stored = NULL WHERE ctid = ANY (ARRAY(
    SELECT p.ctid FROM unnest(%(run_ids)s::bigint[]) AS run (id),
        LATERAL (SELECT p.ctid FROM jobs_payload AS p WHERE p.run_id = run.id AND p.result IS NOT NULL OFFSET 0) AS p
    LIMIT %(limit)s
))
