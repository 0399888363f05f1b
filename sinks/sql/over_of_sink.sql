-- The next page of a sink's deliveries that are over, delivered or dead, and ended since a time. BETWEEN as in dead_of_sink.sql.
SELECT id FROM sinks_delivery
WHERE sink_id BETWEEN %(of)s AND %(of)s AND state IN ('delivered', 'dead') AND id > %(after)s
    AND ended_at >= COALESCE(%(since)s::timestamptz, '-infinity')
ORDER BY sink_id, id
LIMIT %(take)s
