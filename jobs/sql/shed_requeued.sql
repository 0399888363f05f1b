-- held -> waiting for the requeued positions behind one that takes long: others may take them.
-- Said by the heartbeat while the lane is at work on %(reached)s, so fenced by (lane, sequence): a lane that reported meanwhile is left
-- alone. The lane does not learn of it: what it gives back later of what it no longer holds, changes nothing (requeue.sql).
WITH mine AS MATERIALIZED (
    SELECT l.id, l.run_id, COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
    FROM jobs_lane AS l WHERE l.id = %(lane_id)s AND l.sequence = %(sequence)s FOR UPDATE
), shed AS (
    UPDATE jobs_requeued AS q SET lane_id = NULL
    FROM mine WHERE q.lane_id = mine.id AND q.position > %(reached)s
    RETURNING q.position
), woken AS (
    UPDATE jobs_run AS r SET wake_at = mine.now
    FROM mine WHERE r.id = mine.run_id AND mine.now < r.wake_at AND EXISTS (SELECT 1 FROM shed)
)
SELECT position FROM shed
