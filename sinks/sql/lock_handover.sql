-- The oldest open handover of a sink that we hold, locked, and the sink with it: who lost it must not go on from it.
-- Where its deliveries must be ordered, one of which some are still due has to wait: more of them would only wait behind those.
SELECT h.id, h.run_id, h.place, h.next_position, h.total, r.snapshot -> 'sinks' -> h.place AS entry
FROM sinks_standing AS s
JOIN sinks_handover AS h ON h.sink_id = s.sink_id AND h.next_position < h.total
JOIN jobs_run AS r ON r.id = h.run_id
WHERE s.sink_id = %(sink_id)s AND s.token = %(token)s AND s.lease_expires_at IS NOT NULL
    AND (NOT %(ordered)s OR (
        SELECT d.id FROM sinks_delivery AS d WHERE d.sink_id = %(sink_id)s AND d.state = 'due' AND d.handover_id = h.id
        ORDER BY d.first_position LIMIT 1
    ) IS NULL)
ORDER BY h.id
LIMIT 1
FOR NO KEY UPDATE OF s, h
