-- held -> held for another lease. No row: it was taken from us. One that was disabled meanwhile stays ours until all is written that
-- was under way.
UPDATE sinks_standing
SET lease_expires_at = COALESCE(%(now)s::timestamptz, clock_timestamp()) + %(lease)s::interval
WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL
RETURNING sink_id
