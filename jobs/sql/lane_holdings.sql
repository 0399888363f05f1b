-- What a lane holds: its range, and the requeued positions it leased. attempts counts those made before this one.
-- OFFSET 0: from the lane to its payloads, also where the statistics say that there are hardly any.
SELECT p.position, p.kind, p.name, p.parameters, p.options, 0 AS attempts, false AS requeued, NULL::jsonb AS looking
FROM jobs_lane AS l CROSS JOIN LATERAL (
    SELECT * FROM jobs_payload AS q WHERE q.run_id = l.run_id AND q.position >= l.low AND q.position < l.high OFFSET 0
) AS p
WHERE l.id = %(lane_id)s AND p.state = 'queued'
UNION ALL
SELECT p.position, p.kind, p.name, p.parameters, p.options, q.attempts, true AS requeued, q.looking
FROM jobs_requeued AS q CROSS JOIN LATERAL (
    SELECT * FROM jobs_payload AS r WHERE r.run_id = q.run_id AND r.position = q.position OFFSET 0
) AS p
WHERE q.lane_id = %(lane_id)s AND p.state = 'queued'
ORDER BY 1
