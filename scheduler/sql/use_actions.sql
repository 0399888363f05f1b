-- Count down what a schedule, which the caller has locked, may still start: with the last one it has ended. A negative count gives back.
UPDATE scheduler_schedule
SET actions_left = GREATEST(actions_left - %(count)s::int, 0),
    state = CASE WHEN actions_left <= %(count)s::int AND state = 'active' THEN 'ended' ELSE state END,
    next_fire_at = CASE WHEN actions_left > %(count)s::int THEN next_fire_at END,
    next_run_at = CASE WHEN actions_left > %(count)s::int THEN next_run_at END
WHERE id = %(schedule_id)s::bigint AND actions_left IS NOT NULL
