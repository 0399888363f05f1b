-- held -> free.
UPDATE sinks_standing SET lease_expires_at = NULL, worker = '', last_turn_at = COALESCE(%(now)s::timestamptz, clock_timestamp())
WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL
