-- Move forward the leases of all lanes of one process; say of which lanes there is nothing left, and what their runs' states are.
WITH beat AS (
    SELECT o.lane_id, o.reached, o.progress
    FROM unnest(%(lane_ids)s::bigint[], %(reached)s::int[], %(progress)s::text[]) AS o (lane_id, reached, progress)
), alive AS (
    UPDATE jobs_lane AS l
    SET lease_expires_at = COALESCE(%(now)s::timestamptz, clock_timestamp()) + %(lease)s::interval,
        reached = GREATEST(l.reached, beat.reached), progress = COALESCE(beat.progress::jsonb, l.progress)
    FROM beat WHERE l.id = beat.lane_id
    RETURNING l.id, l.run_id
)
SELECT alive.id, r.state FROM alive JOIN jobs_run AS r ON r.id = alive.run_id
