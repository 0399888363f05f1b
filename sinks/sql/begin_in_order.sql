-- As begin_deliveries, of a sink that must be ordered: of each handover the first delivery that is not over, which keeps the others waiting.
-- Those are found by going from one handover to the next in the index (a skip scan) until there are enough: the cost grows with what
-- is begun, and not with what waits behind it. Those that were lost are few, and asked one by one whether they are the first.
-- Notices have no handover, and wait for nobody.
-- LIMIT 1 says how to look: otherwise all that is due would be hashed.
WITH RECURSIVE held AS MATERIALIZED (
    SELECT sink_id FROM sinks_standing
    WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL AND disabled_at IS NULL
    FOR NO KEY UPDATE
), heads (id, handover_id, due_at, losses, attempted_at) AS (
    (
        SELECT d.id, d.handover_id, d.due_at, d.losses, d.attempted_at
        FROM sinks_delivery AS d
        WHERE d.sink_id = %(sink_id)s AND d.state = 'due' AND d.handover_id IS NOT NULL
        ORDER BY d.handover_id, d.first_position
        LIMIT 1
    )
    UNION ALL
    SELECT n.id, n.handover_id, n.due_at, n.losses, n.attempted_at
    FROM heads AS h CROSS JOIN LATERAL (
        SELECT d.id, d.handover_id, d.due_at, d.losses, d.attempted_at
        FROM sinks_delivery AS d
        WHERE d.sink_id = %(sink_id)s AND d.state = 'due' AND d.handover_id > h.handover_id
        ORDER BY d.handover_id, d.first_position
        LIMIT 1
    ) AS n
), first AS MATERIALIZED (
    (
        SELECT d.id, d.attempted_at AS lost_at
        FROM heads AS d
        WHERE NOT %(alone)s AND d.losses = 0 AND EXISTS (SELECT FROM held)
            AND d.due_at <= (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp())) AND d.id <> ALL (%(under_way)s::bigint[])
        LIMIT %(take)s
    )
    UNION ALL
    (
        SELECT d.id, d.attempted_at
        FROM sinks_delivery AS d
        WHERE NOT %(alone)s AND d.losses = 0 AND d.sink_id = %(sink_id)s AND EXISTS (SELECT FROM held) AND d.state = 'due' AND d.handover_id IS NULL
            AND d.due_at <= (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp())) AND d.id <> ALL (%(under_way)s::bigint[])
        ORDER BY d.due_at, d.id
        LIMIT %(take)s
    )
    UNION ALL
    (
        SELECT d.id, d.attempted_at
        FROM sinks_delivery AS d
        WHERE %(alone)s AND d.losses > 0 AND d.sink_id = %(sink_id)s AND EXISTS (SELECT FROM held) AND d.state = 'due'
            AND d.due_at <= (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp())) AND d.id <> ALL (%(under_way)s::bigint[])
            AND (d.handover_id IS NULL OR d.id = (
                SELECT e.id
                FROM sinks_delivery AS e
                WHERE e.sink_id = %(sink_id)s AND e.state = 'due' AND e.handover_id = d.handover_id
                ORDER BY e.first_position
                LIMIT 1
            ))
        ORDER BY d.due_at, d.id
        LIMIT %(take)s
    )
), begun AS (
    UPDATE sinks_delivery AS d
    SET attempts = d.attempts + (f.lost_at IS NULL)::int, attempted_at = COALESCE(f.lost_at, t.now),
        first_attempt_at = COALESCE(d.first_attempt_at, t.now)
    FROM first AS f, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE d.id = f.id AND d.due_at IS NOT NULL
    RETURNING d.id, d.handover_id, d.rule_id, d.created_at, d.run_id, d.first_position, d.last_position, d.payloads, d.attempts, d.attempted_at, d.first_attempt_at,
        d.losses, f.lost_at IS NOT NULL AS lost, d.receipt
)
SELECT b.id, COALESCE(b.run_id, 0) AS run_id, COALESCE(h.place, 0) AS place, b.first_position, b.last_position, b.payloads, b.attempts, b.attempted_at, b.first_attempt_at,
    COALESCE(r.job_key, '') AS job_key, COALESCE(r.state, '') AS run_state, COALESCE(r.trigger, '') AS trigger, r.scheduled_for,
    COALESCE(r.ended_at, b.created_at) AS run_ended_at, r.snapshot -> 'sinks' -> h.place AS entry, b.rule_id, b.losses, b.lost, b.receipt
FROM begun AS b
LEFT JOIN sinks_handover AS h ON h.id = b.handover_id
LEFT JOIN jobs_run AS r ON r.id = b.run_id
ORDER BY b.id
