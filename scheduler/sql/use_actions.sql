-- Count down what a schedule, which the caller has locked, may still start. A negative count gives back. No row without a limit.
UPDATE scheduler_schedule SET actions_left = GREATEST(actions_left - %(count)s::int, 0)
WHERE id = %(schedule_id)s::bigint AND actions_left IS NOT NULL
RETURNING actions_left
