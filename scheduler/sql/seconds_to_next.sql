-- How long until something is due: a schedule, or a fire that waits. Negative when it is overdue, null when there is nothing.
SELECT EXTRACT(epoch FROM LEAST(
    (SELECT next_run_at FROM scheduler_schedule WHERE next_run_at IS NOT NULL ORDER BY next_run_at LIMIT 1),
    (SELECT due_at FROM scheduler_fire WHERE state = 'waiting' ORDER BY due_at LIMIT 1)
) - clock_timestamp())::float8 AS seconds
