-- The newest delivery to each of these sinks, whatever became of it: one step in the index of sink and id for each.
SELECT k.id AS sink_id, d.id, d.state, d.created_at
FROM unnest(%(sink_ids)s::bigint[]) AS k (id)
CROSS JOIN LATERAL (
    SELECT d.id, d.state, d.created_at FROM sinks_delivery AS d WHERE d.sink_id = k.id ORDER BY d.id DESC LIMIT 1
) AS d
