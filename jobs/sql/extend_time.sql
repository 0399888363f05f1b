-- Count one more wish for time on the lane that works a payload; its worker reads the count with its next heartbeat. No row: nobody works it,
-- or not in this attempt. Of a strict lane's range only the first position is at work.
-- The wish names its payload and attempt: by the time the worker reads it, the lane may be at the next.
UPDATE jobs_lane AS l
SET time_extensions = COALESCE(l.time_extensions, '{}') || jsonb_build_object(
    %(position)s || ':' || COALESCE(q.attempts, 0) + 1,
    LEAST(COALESCE((l.time_extensions ->> (%(position)s || ':' || COALESCE(q.attempts, 0) + 1))::int, 0) + 1, 32767)
)
FROM jobs_run AS r LEFT JOIN jobs_requeued AS q ON q.run_id = r.id AND q.position = %(position)s
WHERE r.id = %(run_id)s AND l.run_id = r.id
    AND COALESCE(%(attempt)s::int, COALESCE(q.attempts, 0) + 1) = COALESCE(q.attempts, 0) + 1
    AND CASE
        WHEN q.position IS NOT NULL THEN l.id = q.lane_id
        ELSE %(position)s >= l.low AND %(position)s < CASE WHEN r.strict THEN LEAST(l.low + 1, l.high) ELSE l.high END
    END
RETURNING l.id
