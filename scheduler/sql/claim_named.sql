-- Lock these schedules and their jobs, due or not, as claim_due.sql does; those that somebody else has are left out.
WITH clock AS MATERIALIZED (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now)
SELECT s.id, s.workspace_id, s.job_id, s.name, (s.document - '{name,notes,parameters}'::text[])::text AS document,
    COALESCE(s.document -> 'parameters', '{}')::text AS parameters, s.state, s.anchor_at, s.decided_until, s.actions_left,
    s.skips::text AS skips_json, j.type || ':' || j.name AS job_key, j.state AS job_state, (SELECT now FROM clock) AS now,
    s.principal_id
FROM scheduler_schedule AS s JOIN jobs_job AS j ON j.id = s.job_id
WHERE s.id = ANY (%(schedule_ids)s::bigint[])
ORDER BY s.id
FOR NO KEY UPDATE OF s SKIP LOCKED
FOR SHARE OF j SKIP LOCKED
