-- leased -> waiting for what lies behind a payload that takes long: its lane keeps the range up to %(keep)s, others may take the rest.
-- Said by the heartbeat while the lane is at work, so fenced by (lane, sequence): a lane that reported meanwhile is left alone. The lane
-- learns of it with its next report.
WITH mine AS MATERIALIZED (
    SELECT l.id, l.run_id, l.high, COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
    FROM jobs_lane AS l
    WHERE l.id = %(lane_id)s AND l.sequence = %(sequence)s AND l.low < %(keep)s AND %(keep)s < l.high
    FOR UPDATE
), cut AS (
    UPDATE jobs_lane AS l SET high = %(keep)s FROM mine WHERE l.id = mine.id
), woken AS (
    UPDATE jobs_run AS r SET wake_at = mine.now FROM mine WHERE r.id = mine.run_id AND mine.now < r.wake_at
)
INSERT INTO jobs_requeued (run_id, position, attempts, due_at, alone, lane_id)
SELECT mine.run_id, position, 0, mine.now, false, NULL FROM mine, generate_series(%(keep)s, mine.high - 1) AS position
RETURNING position
