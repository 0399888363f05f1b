-- due -> dead, where the sink is gone.
UPDATE sinks_delivery AS d
SET state = 'dead', due_at = NULL, ended_at = clock_timestamp(), attempted_at = NULL,
    error = '{"code": "sink_gone", "message": "the sink was removed before this was delivered"}'
WHERE d.id IN (
    SELECT e.id FROM sinks_delivery AS e
    WHERE e.state = 'due' AND e.sink_id BETWEEN %(sink_id)s AND %(sink_id)s
        AND NOT EXISTS (SELECT FROM sinks_sink AS k WHERE k.id = e.sink_id)
    ORDER BY e.sink_id, e.due_at, e.id
    LIMIT %(take)s
    FOR NO KEY UPDATE SKIP LOCKED
)
