-- refused -> called: lanes that found their group full, as many as the group has room for now, the most urgent first.
-- A run counts its refused lanes below zero in nudges; each call takes one back, so that two who leave at once call two lanes.
-- wake_at: should the call be lost, the sweep publishes for the run.
-- Shape: the waiting by their own small index, which holds no other run.
WITH room AS MATERIALIZED (
    SELECT LEAST(%(places)s, g."limit" - (
        SELECT count(*) FROM jobs_lane AS l WHERE l.group_id = g.id AND l.group_slot IS NOT NULL
    )) AS places
    FROM jobs_group AS g WHERE g.id = %(group_id)s
), next AS MATERIALIZED (
    SELECT r.id, free.slots[LEAST(-r.nudges, cardinality(free.slots))] AS slot
    FROM jobs_run AS r CROSS JOIN LATERAL (
        SELECT ARRAY(
            SELECT s.slot FROM generate_series(0, LEAST(r.max_lanes, r.total) - 1) AS s (slot)
            WHERE NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = r.id AND l.slot = s.slot OFFSET 0)
            ORDER BY s.slot
        ) AS slots
    ) AS free
    WHERE cardinality(free.slots) > 0 AND r.group_id = %(group_id)s AND r.nudges < 0 AND r.wake_at IS NOT NULL AND r.state IN ('pending', 'running', 'resuming')
        AND (r.next_position < r.total - r.cancelled OR EXISTS (SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL OFFSET 0))
    ORDER BY r.priority DESC, r.id
    LIMIT (SELECT GREATEST(places, 0) FROM room)
    FOR NO KEY UPDATE OF r SKIP LOCKED
)
UPDATE jobs_run AS r SET nudges = r.nudges + 1, wake_at = LEAST(r.wake_at, clock_timestamp() + interval '2 s')
FROM next
WHERE r.id = next.id
RETURNING r.id AS run_id, next.slot, r.queue
