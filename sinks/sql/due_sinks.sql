-- Sinks that could be delivered to now and are held by nobody: those with an open handover, and those with a due delivery.
-- Who has waited longest comes first, or the first few that always have a backlog would keep all others from a turn.
-- `gone`: there is no such sink any more; where nothing is left of it but that, its id is null.
-- Each index is read from one sink to the next (a skip scan): the cost grows with the sinks that are owed something, not with what
-- they are owed.
WITH RECURSIVE opened (sink_id) AS (
    (SELECT h.sink_id FROM sinks_handover AS h WHERE h.next_position < h.total AND h.sink_id IS NOT NULL ORDER BY h.sink_id LIMIT 1)
    UNION ALL
    SELECT n.sink_id
    FROM opened AS o CROSS JOIN LATERAL (
        SELECT h.sink_id FROM sinks_handover AS h WHERE h.next_position < h.total AND h.sink_id > o.sink_id ORDER BY h.sink_id LIMIT 1
    ) AS n
), due (sink_id, due_at) AS (
    (SELECT d.sink_id, d.due_at FROM sinks_delivery AS d WHERE d.state = 'due' ORDER BY d.sink_id, d.due_at LIMIT 1)
    UNION ALL
    SELECT n.sink_id, n.due_at
    FROM due AS o CROSS JOIN LATERAL (
        SELECT d.sink_id, d.due_at FROM sinks_delivery AS d WHERE d.state = 'due' AND d.sink_id > o.sink_id ORDER BY d.sink_id, d.due_at LIMIT 1
    ) AS n
), owed AS (
    SELECT sink_id FROM opened
    UNION
    SELECT sink_id FROM due, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t WHERE due_at <= t.now
)
(
    SELECT o.sink_id, false AS gone
    FROM owed AS o
    JOIN sinks_standing AS s ON s.sink_id = o.sink_id
    CROSS JOIN (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE s.disabled_at IS NULL AND COALESCE(s.lease_expires_at <= t.now, true) AND COALESCE(s.retry_at <= t.now, true)
    ORDER BY s.last_turn_at NULLS FIRST, s.sink_id
    LIMIT %(take)s
)
UNION ALL
(
    SELECT o.sink_id, true
    FROM owed AS o
    WHERE NOT EXISTS (SELECT FROM sinks_standing AS s WHERE s.sink_id = o.sink_id)
    LIMIT %(take)s
)
UNION ALL
SELECT NULL, true WHERE EXISTS (SELECT FROM sinks_handover AS h WHERE h.next_position < h.total AND h.sink_id IS NULL)
