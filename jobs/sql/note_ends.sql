-- nothing -> occurrence, for each of these runs, which have ended; a replay executes nothing, and tells nothing. Part of the transaction
-- that ends them.
-- One that was not begun in time counts as one that its schedule, or whoever asked for it, has missed.
INSERT INTO jobs_occurrence (workspace_id, job_id, run_id, kind, at, data)
SELECT workspace_id, job_id, id, CASE WHEN stop ->> 'reason' = 'expired' THEN 'run.expired' ELSE 'run.' || state END, ended_at, '{}'
FROM jobs_run
WHERE id = ANY (%(run_ids)s::bigint[]) AND trigger <> 'replay'
ORDER BY id
