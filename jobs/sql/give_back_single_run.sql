-- lane -> free slot, and its only payload leased -> waiting: a run of one payload that was taken together with others and has not begun.
-- Said by the heartbeat while the others are worked, so fenced by the sequence. (Not of a lane in whose group's place others are worked.)
-- The sweep looks at the run at once: to pause it, to cancel what waits, or to publish for it; and calls who waits for the place.
WITH gone AS (
    DELETE FROM jobs_lane WHERE id = %(lane_id)s AND sequence = %(sequence)s RETURNING run_id
), woken AS (
    UPDATE jobs_run AS r SET wake_at = t.now
    FROM gone, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = gone.run_id AND t.now < r.wake_at
)
INSERT INTO jobs_requeued (run_id, position, attempts, due_at, alone, lane_id)
SELECT run_id, 0, 0, COALESCE(%(now)s::timestamptz, clock_timestamp()), false, NULL FROM gone
RETURNING run_id
