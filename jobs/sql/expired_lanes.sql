-- Lock lanes whose owner has been silent for a whole lease. SKIP LOCKED: sweeps share them, and one that reports just now lives.
-- A server that has just begun is what kept the owners silent: for as long as `patience` they may renew their leases.
SELECT l.id, l.run_id, l.sequence, l.slot, l.worker, l.low, l.high, l.reached, l.leased_at, r.snapshot -> 'configuration' AS configuration, r.job_key, r.created_at
FROM jobs_lane AS l JOIN jobs_run AS r ON r.id = l.run_id
WHERE l.lease_expires_at < COALESCE(%(now)s::timestamptz, clock_timestamp()) AND l.id <> ALL (%(besides)s::bigint[])
    AND clock_timestamp() >= pg_postmaster_start_time() + %(patience)s::interval
ORDER BY l.id
LIMIT 1
FOR UPDATE OF l SKIP LOCKED
