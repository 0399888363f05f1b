-- Lock the first follow-up that says that a job has old replays. SKIP LOCKED: sweeps share them.
SELECT f.id, f.job_id, j.workspace_id, (j.configuration ->> 'keep_replays')::integer AS keep
FROM jobs_follow_up AS f JOIN jobs_job AS j ON j.id = f.job_id
WHERE f.kind = %(kind)s
ORDER BY f.id
LIMIT 1
FOR UPDATE OF f SKIP LOCKED
