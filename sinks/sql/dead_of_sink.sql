-- The next page of a sink's dead deliveries, those that ended since a time.
SELECT id FROM sinks_delivery
WHERE sink_id = %(of)s AND state = 'dead' AND id > %(after)s AND ended_at >= COALESCE(%(since)s::timestamptz, '-infinity')
ORDER BY id
LIMIT %(take)s
