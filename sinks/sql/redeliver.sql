-- dead | delivered -> due again under the same id, for a new while. Its attempts go on counting.
-- It goes to the sink that it was for; where that is gone, to the one that its job's entry, or its rule, means now; where there is none, it stays.
-- A dead one without a sink stands for what was never made into deliveries: it goes, and its handover is opened again from there.
-- What a cleanup has erased the results of stays as it is. The runs are locked before the deliveries, as a cleanup does it, so that it erases
-- either before, and is seen here, or after, and sees that something is due.
WITH kept AS MATERIALIZED (
    SELECT r.id, r.job_id, r.workspace_id
    FROM jobs_run AS r
    WHERE r.id = ANY (ARRAY(SELECT d.run_id FROM sinks_delivery AS d WHERE d.id = ANY (%(ids)s::bigint[]) AND d.due_at IS NULL))
        AND r.workspace_id = %(workspace_id)s AND r.results_erased_at IS NULL
    ORDER BY r.id
    FOR SHARE
), chosen AS MATERIALIZED (
    SELECT d.id, d.handover_id, d.sink_id, d.first_position, COALESCE(k.id, u.sink_id, n.sink_id) AS target
    FROM sinks_delivery AS d
    LEFT JOIN sinks_handover AS h ON h.id = d.handover_id
    LEFT JOIN kept AS r ON r.id = d.run_id
    LEFT JOIN sinks_rule AS n ON n.id = d.rule_id
    LEFT JOIN sinks_sink AS k ON k.id = d.sink_id
    LEFT JOIN sinks_use AS u ON u.job_id = r.job_id AND u.name = h.name
    WHERE d.id = ANY (%(ids)s::bigint[]) AND d.due_at IS NULL AND COALESCE(k.id, u.sink_id, n.sink_id) IS NOT NULL
        AND COALESCE(r.workspace_id, d.workspace_id) = %(workspace_id)s
    ORDER BY d.id
    FOR NO KEY UPDATE OF d
), again AS (
    UPDATE sinks_delivery AS d
    SET state = 'due', due_at = clock_timestamp(), ended_at = NULL, first_attempt_at = NULL, sink_id = c.target
    FROM chosen AS c
    WHERE d.id = c.id AND c.sink_id IS NOT NULL
    RETURNING d.id
), reopened AS (
    UPDATE sinks_handover AS h SET next_position = c.first_position, sink_id = c.target
    FROM chosen AS c
    WHERE h.id = c.handover_id AND c.sink_id IS NULL AND h.next_position = h.total
    RETURNING c.id
), replaced AS (
    DELETE FROM sinks_delivery AS d USING reopened AS o WHERE d.id = o.id
)
SELECT id FROM again UNION ALL SELECT id FROM reopened
