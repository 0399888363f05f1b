-- For a page of schedules by id: up to where their fire times are old enough to be erased, but for the newest of each schedule; null for a
-- schedule that has no more than those.
SELECT s.id, CASE WHEN %(keep_newest)s = 0 THEN %(before)s::timestamptz WHEN s.newest_at IS NOT NULL THEN LEAST(%(before)s, s.newest_at) END AS until_at
FROM (
    SELECT id, (
        SELECT f.fire_at FROM scheduler_fire AS f WHERE f.schedule_id = schedule.id ORDER BY f.fire_at DESC
        OFFSET GREATEST(%(keep_newest)s - 1, 0) LIMIT 1
    ) AS newest_at
    FROM scheduler_schedule AS schedule
    WHERE workspace_id = %(workspace_id)s AND id > %(after)s
        AND (%(job_ids)s::bigint[] IS NULL OR job_id = ANY (%(job_ids)s::bigint[]))
    ORDER BY id
    LIMIT %(page)s
) AS s
ORDER BY s.id
