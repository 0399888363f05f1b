-- Results of these runs -> null: at most so many of their payloads', and those that the runs show as their own. What is shown of a stored one
-- is its result, too; the object is erased once nothing refers to it. The runs keep since when: whoever reads the results later, to deliver
-- them or as a file, is told so, and takes no null for one.
WITH chosen AS MATERIALIZED (
    SELECT p.ctid AS place, run.id AS run_id FROM unnest(%(run_ids)s::bigint[]) AS run (id),
        LATERAL (SELECT p.ctid FROM jobs_payload AS p WHERE p.run_id = run.id AND p.result IS NOT NULL OFFSET 0) AS p
    LIMIT %(limit)s
), marked AS (
    UPDATE jobs_run SET result = NULL, results_erased_at = COALESCE(results_erased_at, now())
    WHERE id = ANY (%(run_ids)s::bigint[]) AND (result IS NOT NULL OR id IN (SELECT run_id FROM chosen))
)
UPDATE jobs_payload SET result = NULL, stored = NULL WHERE ctid = ANY (ARRAY(SELECT place FROM chosen))
