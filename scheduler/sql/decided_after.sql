-- The fire times of the clock after an instant that have a row already.
SELECT fire_at FROM scheduler_fire
WHERE schedule_id = %(schedule_id)s::bigint AND fire_at > %(after)s::timestamptz AND cause = ''
