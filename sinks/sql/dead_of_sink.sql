-- The next page of a sink's dead deliveries, those that ended since a time.
-- BETWEEN, so that the order is not by id alone: the primary key has that too, and all other sinks' deliveries with it.
SELECT id FROM sinks_delivery
WHERE sink_id BETWEEN %(of)s AND %(of)s AND state = 'dead' AND id > %(after)s AND ended_at >= COALESCE(%(since)s::timestamptz, '-infinity')
ORDER BY sink_id, id
LIMIT %(take)s
