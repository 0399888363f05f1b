-- held -> held for another lease. No row: it was taken from us, or disabled.
UPDATE sinks_standing
SET lease_expires_at = COALESCE(%(now)s::timestamptz, clock_timestamp()) + %(lease)s::interval
WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL AND disabled_at IS NULL
RETURNING sink_id
