-- A place in a group goes from a lane whose payload is done to another that was taken with it: so that the first can be given up while
-- the other is still at work, and nobody else begins in that place.
-- Should the other have been lost meanwhile, the place is free.
WITH held AS MATERIALIZED (
    SELECT l.id, l.group_id, l.group_slot FROM jobs_lane AS l
    WHERE l.id = %(lane_id)s AND l.sequence = %(sequence)s AND l.group_slot IS NOT NULL FOR UPDATE
), given_up AS (
    UPDATE jobs_lane AS l SET group_id = NULL, group_slot = NULL FROM held WHERE l.id = held.id
    RETURNING held.group_id, held.group_slot
)
UPDATE jobs_lane AS l SET group_id = given_up.group_id, group_slot = given_up.group_slot
FROM given_up WHERE l.id = %(to_lane_id)s
