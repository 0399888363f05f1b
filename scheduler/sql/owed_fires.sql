-- The waiting (and due) or buffered fires of these schedules, which the caller has locked, oldest first.
-- The states are named twice: what is a parameter does not tell the planner that the index of the pending ones will do.
SELECT id, schedule_id, fire_at, cause, due_at, parameters
FROM scheduler_fire
WHERE schedule_id = ANY (%(schedule_ids)s::bigint[]) AND state IN ('waiting', 'buffered') AND state = %(state)s
    AND (due_at IS NULL OR due_at <= COALESCE(%(now)s::timestamptz, clock_timestamp()))
ORDER BY fire_at, id
