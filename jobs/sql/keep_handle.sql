-- nothing -> handle, for as long as the lane is ours: FOR KEY SHARE makes whoever buries the lane wait, and see the handle.
INSERT INTO jobs_handle (run_id, position, lane, kind, host, lasting, data, created_at)
SELECT l.run_id, %(position)s, l.id, %(kind)s, %(host)s, %(lasting)s, %(data)s::jsonb, clock_timestamp()
FROM jobs_lane AS l
WHERE l.id = %(lane_id)s AND l.run_id = %(run_id)s
FOR KEY SHARE OF l
RETURNING id
