-- open -> closed with one dead delivery for what is left of it, where the sink is gone: deleted, or not named by its job any more.
WITH orphan AS MATERIALIZED (
    SELECT h.id, h.run_id, h.next_position, h.total FROM sinks_handover AS h
    WHERE h.next_position < h.total AND NOT EXISTS (SELECT FROM sinks_sink AS k WHERE k.id = h.sink_id) AND h.id = ANY (ARRAY(
        (
            SELECT o.id FROM sinks_handover AS o
            WHERE o.next_position < o.total AND o.sink_id BETWEEN %(sink_id)s::bigint AND %(sink_id)s::bigint
            ORDER BY o.sink_id, o.id LIMIT %(take)s
        )
        UNION ALL
        (
            SELECT o.id FROM sinks_handover AS o
            WHERE o.next_position < o.total AND o.sink_id IS NULL AND %(sink_id)s::bigint IS NULL
            ORDER BY o.sink_id, o.id LIMIT %(take)s
        )
    ))
    FOR NO KEY UPDATE SKIP LOCKED
), closed AS (
    UPDATE sinks_handover AS h SET next_position = h.total FROM orphan AS o WHERE h.id = o.id
)
INSERT INTO sinks_delivery (handover_id, run_id, first_position, last_position, payloads, state, ended_at, error)
SELECT id, run_id, next_position, total - 1, total - next_position, 'dead', clock_timestamp(),
    '{"code": "sink_gone", "message": "the sink was removed before this was delivered"}'
FROM orphan
ON CONFLICT DO NOTHING
