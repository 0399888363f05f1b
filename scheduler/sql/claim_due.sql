-- Lock up to %(take)s schedules that are due, the longest due first, within the caller's transaction, and their jobs' rows as a start of
-- a run does. With schedule_ids only those of them.
-- SKIP LOCKED for both: another beat has the schedule; or somebody edits the job, who may wait for this schedule in turn.
-- The columns are read under the locks. What depends on other rows (active runs) is asked for by the next statement, which sees what
-- the last holder of these locks committed.
-- clock: read once. Compared with a function that may change from row to row the index would be read to its end, due or not.
-- The document goes out as text and without what does not say when: so that those that say the same are read once (claims.Claimed).
WITH clock AS MATERIALIZED (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now)
SELECT s.id, s.workspace_id, s.job_id, s.name, (s.document - '{name,notes,parameters}'::text[])::text AS document,
    COALESCE(s.document -> 'parameters', '{}')::text AS parameters, s.state, s.anchor_at, s.decided_until, s.actions_left,
    s.skips::text AS skips_json, j.type || ':' || j.name AS job_key, j.state AS job_state, (SELECT now FROM clock) AS now,
    s.principal_id
FROM scheduler_schedule AS s JOIN jobs_job AS j ON j.id = s.job_id
WHERE s.next_run_at <= (SELECT now FROM clock)
    AND (%(schedule_ids)s::bigint[] IS NULL OR s.id = ANY (%(schedule_ids)s::bigint[]))
ORDER BY s.next_run_at
LIMIT %(take)s
FOR NO KEY UPDATE OF s SKIP LOCKED
FOR SHARE OF j SKIP LOCKED
