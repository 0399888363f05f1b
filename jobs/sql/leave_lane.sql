-- lane -> free slot. What still waits in the run wakes the sweep when it is due; if nothing waits, wake_at stays as it is.
WITH gone AS (
    DELETE FROM jobs_lane WHERE id = %(lane_id)s RETURNING run_id
), waiting AS (
    SELECT gone.run_id, min(q.due_at) AS due_at
    FROM gone JOIN jobs_requeued AS q ON q.run_id = gone.run_id
    WHERE q.lane_id IS NULL
    GROUP BY gone.run_id
)
UPDATE jobs_run AS r SET wake_at = waiting.due_at
FROM waiting
WHERE r.id = waiting.run_id AND r.state IN ('pending', 'running') AND waiting.due_at < r.wake_at
