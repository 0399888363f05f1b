-- A page of a workspace's runs by id, and which of them a cleanup wants: those that ended before a time, fit the filter and are not among
-- the newest of their job. The page is read in the order of ids, which is that of their beginnings, so a cleanup ends with the first page
-- on which none is old. num_nonnulls, and not IS NOT NULL: the index of the active ones must not look as good as that of all.
WITH page AS MATERIALIZED (
    SELECT id, job_id, job_key, state, created_at, ended_at FROM jobs_run
    WHERE workspace_id = %(workspace_id)s AND id > %(after)s
    ORDER BY id
    LIMIT %(page)s
), kept AS MATERIALIZED (
    SELECT job.id AS job_id, (
        SELECT r.id FROM jobs_run AS r WHERE r.job_id = job.id AND num_nonnulls(r.ended_at) = 1
        ORDER BY r.id DESC OFFSET %(keep_newest)s - 1 LIMIT 1
    ) AS since_id
    FROM (SELECT DISTINCT job_id AS id FROM page WHERE ended_at < %(before)s AND job_id IS NOT NULL AND %(keep_newest)s > 0) AS job
)
SELECT
    page.id,
    page.created_at < %(before)s AS is_old,
    COALESCE(page.ended_at < %(before)s, false)
    AND (%(keys)s::text[] IS NULL OR page.job_key LIKE ANY (%(keys)s::text[]))
    AND NOT COALESCE(page.job_key LIKE ANY (%(except_keys)s::text[]), false)
    AND (%(states)s::text[] IS NULL OR page.state = ANY (%(states)s::text[]))
    AND (kept.job_id IS NULL OR COALESCE(page.id < kept.since_id, false)) AS is_wanted
FROM page LEFT JOIN kept ON kept.job_id = page.job_id
ORDER BY page.id
