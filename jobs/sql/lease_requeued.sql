-- waiting -> held by this lane, for up to %(take)s positions that are due. Fenced by (lane, sequence); a stopped run leases none.
-- room: what is tracked elsewhere takes the place of a lane while no lane looks at it, so that a run is at work at no more than
-- max_lanes payloads. A lane without a place of its own only looks.
-- Shape: the run and the time as scalars, or a join may be planned from the due times of all runs; the payloads by their whole key.
WITH mine AS MATERIALIZED (
    SELECT l.id, l.run_id, COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
    FROM jobs_lane AS l WHERE l.id = %(lane_id)s AND l.sequence = %(sequence)s FOR UPDATE
), run AS MATERIALIZED (
    SELECT r.id, r.max_lanes FROM jobs_run AS r JOIN mine ON r.id = mine.run_id WHERE r.state = 'running' FOR NO KEY UPDATE OF r
), room AS MATERIALIZED (
    SELECT run.max_lanes > (SELECT count(*) FROM jobs_lane AS l WHERE l.run_id = run.id AND l.id <> %(lane_id)s)
        + (SELECT count(*) FROM jobs_requeued AS q WHERE q.run_id = run.id AND q.looking IS NOT NULL AND q.lane_id IS NULL) AS any
    FROM run
), due AS MATERIALIZED (
    SELECT q.run_id, q.position
    FROM jobs_requeued AS q
    WHERE q.run_id = (SELECT id FROM run) AND q.lane_id IS NULL AND q.due_at <= (SELECT now FROM mine) AND q.alone = %(alone)s
        AND (q.looking IS NOT NULL OR (SELECT room.any FROM room))
    ORDER BY q.due_at
    LIMIT %(take)s
    FOR UPDATE OF q SKIP LOCKED
), held AS (
    UPDATE jobs_requeued AS q SET lane_id = %(lane_id)s
    FROM due WHERE q.run_id = due.run_id AND q.position = due.position
    RETURNING q.run_id, q.position, q.attempts, q.looking
), lane AS (
    UPDATE jobs_lane AS l
    SET sequence = l.sequence + 1, low = 0, high = 0, reached = COALESCE((SELECT min(position) FROM held), 0), progress = NULL, time_extensions = NULL,
        leased_at = mine.now, lease_expires_at = mine.now + %(lease)s::interval
    FROM mine WHERE l.id = mine.id
    RETURNING l.id
)
SELECT p.position, p.kind, p.name, p.parameters, p.options, held.attempts, held.looking
FROM lane LEFT JOIN held ON true LEFT JOIN LATERAL (
    SELECT q.position, q.kind, q.name, q.parameters, q.options FROM jobs_payload AS q
    WHERE q.run_id = held.run_id AND q.position = held.position OFFSET 0
) AS p ON true
ORDER BY p.position
