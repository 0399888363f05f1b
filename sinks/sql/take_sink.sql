-- free | expired -> held, under a new token. No row: somebody holds it, it rests, or it is disabled.
UPDATE sinks_standing AS s
SET worker = %(worker)s, token = s.token + 1, lease_expires_at = t.now + %(lease)s::interval, last_turn_at = t.now
FROM (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t, sinks_sink AS k, jobs_workspace AS w
WHERE s.sink_id = %(sink_id)s AND s.disabled_at IS NULL
    AND (s.lease_expires_at IS NULL OR s.lease_expires_at <= t.now)
    AND (s.retry_at IS NULL OR s.retry_at <= t.now)
    AND k.id = s.sink_id AND w.id = k.workspace_id
RETURNING s.sink_id, s.token, s.worker, s.rests, k.version, k.kind, k.configuration, k.workspace_id, w.slug AS workspace, k.name
