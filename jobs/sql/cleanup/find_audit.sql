-- A page of a workspace's event log by id, and which of it outlived its run or belongs to none: the deeds that a cleanup spares unless told.
WITH page AS MATERIALIZED (
    SELECT id, run_id, job_id, at FROM jobs_event
    WHERE workspace_id = %(workspace_id)s AND id > %(after)s
    ORDER BY id
    LIMIT %(page)s
)
SELECT
    page.id,
    page.at < %(before)s AS is_old,
    page.at < %(before)s
    AND (%(job_ids)s::bigint[] IS NULL OR COALESCE(page.job_id = ANY (%(job_ids)s::bigint[]), false))
    AND NOT EXISTS (SELECT FROM jobs_run AS r WHERE r.id = page.run_id OFFSET 0) AS is_wanted
FROM page
ORDER BY page.id
