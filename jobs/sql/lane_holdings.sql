-- What a lane holds: its range, and the requeued positions it leased. attempts counts those made before this one.
SELECT p.position, p.kind, p.name, p.parameters, p.options, 0 AS attempts, false AS requeued
FROM jobs_lane AS l JOIN jobs_payload AS p ON p.run_id = l.run_id AND p.position >= l.low AND p.position < l.high
WHERE l.id = %(lane_id)s AND p.state = 'queued'
UNION ALL
SELECT p.position, p.kind, p.name, p.parameters, p.options, q.attempts, true AS requeued
FROM jobs_requeued AS q JOIN jobs_payload AS p ON p.run_id = q.run_id AND p.position = q.position
WHERE q.lane_id = %(lane_id)s AND p.state = 'queued'
ORDER BY 1
