-- All endings that are kept for these schedules, which the caller has locked, with the runs' results.
-- A large result stays with its run: a copy would be kept with each run that it starts, and read with each message of it.
-- So does one that is stored: what its run shows is only its head.
-- OFFSET 0: each result is written out once, to be measured.
SELECT e.id, e.schedule_id, e.trigger, e.job_key, e.run_id, e.state, e.ended_at, e.settled,
    CASE WHEN size.bytes <= %(most_bytes)s AND one.stored IS NULL THEN r.result END AS result,
    CASE WHEN size.bytes > %(most_bytes)s OR one.stored IS NOT NULL THEN size.bytes END AS bytes_left_out
FROM scheduler_ending AS e LEFT JOIN jobs_run AS r ON r.id = e.run_id
    LEFT JOIN LATERAL (
        SELECT p.stored FROM jobs_payload AS p WHERE p.run_id = r.id AND p.position = 0 AND r.total = 1 AND p.stored IS NOT NULL OFFSET 0
    ) AS one ON true
    CROSS JOIN LATERAL (
        SELECT COALESCE((one.stored ->> 'size_bytes')::bigint, octet_length(r.result::text)) AS bytes OFFSET 0
    ) AS size
WHERE e.schedule_id = ANY (%(schedule_ids)s::bigint[])
ORDER BY e.id
