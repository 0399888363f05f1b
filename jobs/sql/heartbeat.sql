-- Move forward the leases of all lanes of one process; say of which lanes there is nothing left, and what their runs' states are.
-- Lanes are locked by their runs and slots, as every statement locks that takes several of them (report_single_runs.sql, pass_place.sql).
WITH beat AS MATERIALIZED (
    SELECT l.id, o.reached, o.progress
    FROM unnest(%(lane_ids)s::bigint[], %(reached)s::int[], %(progress)s::text[]) AS o (lane_id, reached, progress)
    JOIN jobs_lane AS l ON l.id = o.lane_id
    ORDER BY l.run_id, l.slot
    FOR UPDATE OF l
), alive AS (
    UPDATE jobs_lane AS l
    SET lease_expires_at = COALESCE(%(now)s::timestamptz, clock_timestamp()) + %(lease)s::interval,
        reached = GREATEST(l.reached, beat.reached), progress = COALESCE(beat.progress::jsonb, l.progress)
    FROM beat WHERE l.id = beat.id
    RETURNING l.id, l.run_id, l.time_extensions
)
SELECT alive.id, r.state, alive.time_extensions FROM alive JOIN jobs_run AS r ON r.id = alive.run_id
