-- Sinks that could be delivered to now and are held by nobody: those with an open handover, and those with a due delivery.
-- Who has waited longest comes first, or the first few that always have a backlog would keep all others from a turn.
-- Of a sink whose deliveries must be ordered it is looked whether one could be begun: what waits behind one that is to be tried again
-- later is owed, and cannot be given.
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
    JOIN sinks_sink AS k ON k.id = o.sink_id
    WHERE s.disabled_at IS NULL AND COALESCE(s.lease_expires_at <= t.now, true) AND COALESCE(s.retry_at <= t.now, true)
        AND (k.kind <> ALL (%(ordered)s::text[]) OR EXISTS (
            SELECT FROM sinks_handover AS h
            WHERE h.sink_id = o.sink_id AND h.next_position < h.total AND (
                SELECT d.id FROM sinks_delivery AS d WHERE d.sink_id = o.sink_id AND d.state = 'due' AND d.handover_id = h.id
                ORDER BY d.first_position LIMIT 1
            ) IS NULL
        ) OR EXISTS (
            SELECT FROM sinks_delivery AS d
            WHERE d.sink_id = o.sink_id AND d.state = 'due' AND d.handover_id IS NULL AND d.due_at <= t.now
        ) OR EXISTS (
            WITH RECURSIVE heads (handover_id, due_at) AS (
                (
                    SELECT d.handover_id, d.due_at
                    FROM sinks_delivery AS d
                    WHERE d.sink_id = o.sink_id AND d.state = 'due' AND d.handover_id IS NOT NULL
                    ORDER BY d.handover_id, d.first_position
                    LIMIT 1
                )
                UNION ALL
                SELECT n.handover_id, n.due_at
                FROM heads AS h CROSS JOIN LATERAL (
                    SELECT d.handover_id, d.due_at
                    FROM sinks_delivery AS d
                    WHERE d.sink_id = o.sink_id AND d.state = 'due' AND d.handover_id > h.handover_id
                    ORDER BY d.handover_id, d.first_position
                    LIMIT 1
                ) AS n
            )
            SELECT FROM heads WHERE due_at <= t.now
        ))
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
