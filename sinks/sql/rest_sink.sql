-- held -> held, and left alone for a while afterwards: its turn came to a bad end.
UPDATE sinks_standing
SET rests = rests + 1, retry_at = COALESCE(%(now)s::timestamptz, clock_timestamp()) + least(30 * 2 ^ least(rests, 10), 300) * interval '1 second'
WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL
