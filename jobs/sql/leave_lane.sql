-- lane -> free slot. What still waits in the run wakes the sweep when it is due, and what nobody has leased wakes it in 2 s, by when
-- the message that this lane sends is lost if it has not been taken. With neither, or when the run has ended (its wake_at is null),
-- wake_at stays as it is.
-- Shape: the first that waits is looked up in the run's own part of the index; a join with min() may read what waits in all runs.
WITH gone AS (
    DELETE FROM jobs_lane WHERE id = %(lane_id)s RETURNING run_id
)
UPDATE jobs_run AS r SET wake_at = next.wake_at
FROM gone, LATERAL (
    SELECT LEAST(
        (SELECT q.due_at FROM jobs_requeued AS q WHERE q.run_id = gone.run_id AND q.lane_id IS NULL ORDER BY q.due_at LIMIT 1),
        (SELECT clock_timestamp() + interval '2 s' FROM jobs_run AS s WHERE s.id = gone.run_id AND s.next_position < s.total - s.cancelled)
    ) AS wake_at
) AS next
WHERE r.id = gone.run_id AND next.wake_at < r.wake_at
