-- All endings that are kept for these schedules, which the caller has locked, with the runs' results.
SELECT e.id, e.schedule_id, e.trigger, e.job_key, e.run_id, e.state, e.ended_at, e.settled, r.result
FROM scheduler_ending AS e LEFT JOIN jobs_run AS r ON r.id = e.run_id
WHERE e.schedule_id = ANY (%(schedule_ids)s::bigint[])
ORDER BY e.id
