-- due -> due with an attempt under way, for the first of a sink that we hold. What is under way and is none of ours
-- was lost with its worker: it stays as it is, and the caller says what becomes of it.
-- `alone`: only those whose last attempt was lost, which are begun one by one; otherwise only the others.
-- Notices have no handover and no run.
-- The sink and the time are values and no columns of a join: so the index is read in its order, and no further than to what is due.
WITH held AS MATERIALIZED (
    SELECT sink_id FROM sinks_standing
    WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL AND disabled_at IS NULL
    FOR NO KEY UPDATE
), first AS MATERIALIZED (
    (
        SELECT d.id, d.attempted_at AS lost_at
        FROM sinks_delivery AS d
        WHERE NOT %(alone)s AND d.losses = 0 AND d.sink_id = %(sink_id)s AND EXISTS (SELECT FROM held) AND d.state = 'due'
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
