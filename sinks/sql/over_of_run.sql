-- The next page of a run's deliveries that are over, delivered or dead, and ended since a time. OFFSET 0 as in dead_of_run.sql.
SELECT d.id
FROM (
    SELECT id, state, ended_at FROM sinks_delivery WHERE run_id BETWEEN %(of)s AND %(of)s AND id > %(after)s ORDER BY run_id, id OFFSET 0
) AS d
WHERE d.state IN ('delivered', 'dead') AND d.ended_at >= COALESCE(%(since)s::timestamptz, '-infinity')
ORDER BY d.id
LIMIT %(take)s
