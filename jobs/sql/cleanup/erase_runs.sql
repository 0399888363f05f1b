-- ended -> gone, for runs whose parts are gone already. What came of them forgets where it came from.
WITH requeued AS (
    DELETE FROM jobs_requeued WHERE run_id = ANY (%(run_ids)s::bigint[])
), cleanup AS (
    DELETE FROM jobs_cleanup WHERE run_id = ANY (%(run_ids)s::bigint[])
), offspring AS (
    UPDATE jobs_run SET origin_id = NULL WHERE origin_id = ANY (%(run_ids)s::bigint[]) AND id <> ALL (%(run_ids)s::bigint[])
)
DELETE FROM jobs_run WHERE id = ANY (%(run_ids)s::bigint[])
RETURNING id
