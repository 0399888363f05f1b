-- A page of backfills that ended before a time, by id.
SELECT b.id FROM scheduler_backfill AS b JOIN scheduler_schedule AS s ON s.id = b.schedule_id
WHERE b.workspace_id = %(workspace_id)s AND b.id > %(after)s AND b.ended_at < %(before)s
    AND (%(job_ids)s::bigint[] IS NULL OR s.job_id = ANY (%(job_ids)s::bigint[]))
ORDER BY b.id
LIMIT %(page)s
