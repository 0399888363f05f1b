-- The next page of a run's dead deliveries, those that ended since a time.
-- OFFSET 0, so that they are looked for among those of the run, and not among all that are dead.
SELECT d.id
FROM (
    SELECT id, state, ended_at FROM sinks_delivery WHERE run_id BETWEEN %(of)s AND %(of)s AND id > %(after)s ORDER BY run_id, id OFFSET 0
) AS d
WHERE d.state = 'dead' AND d.ended_at >= COALESCE(%(since)s::timestamptz, '-infinity')
ORDER BY d.id
LIMIT %(take)s
