-- nothing -> ending, for each trigger that waits for the jobs of these runs, and for the schedules that owed the runs themselves and care.
-- Part of the transaction that ends the runs; it locks nothing but what it inserts.
INSERT INTO scheduler_ending (schedule_id, trigger, job_key, run_id, state, ended_at)
SELECT u.schedule_id, u.trigger, o.job_key, o.run_id, o.state, o.ended_at
FROM unnest(%(run_ids)s::bigint[], %(job_ids)s::bigint[], %(job_keys)s::text[], %(states)s::text[], %(ended_at)s::timestamptz[])
    AS o (run_id, job_id, job_key, state, ended_at)
JOIN scheduler_upstream AS u ON u.job_id = o.job_id
UNION ALL
SELECT s.id, -1, o.job_key, o.run_id, o.state, o.ended_at
FROM unnest(%(run_ids)s::bigint[], %(schedule_ids)s::bigint[], %(job_keys)s::text[], %(states)s::text[], %(ended_at)s::timestamptz[])
    AS o (run_id, schedule_id, job_key, state, ended_at)
JOIN scheduler_schedule AS s ON s.id = o.schedule_id
WHERE s.watches_runs
ON CONFLICT DO NOTHING
