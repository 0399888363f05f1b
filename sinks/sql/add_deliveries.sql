-- handover -> deliveries for a range of its positions, and on to the next range. Within the transaction that locked it.
WITH moved AS (
    UPDATE sinks_handover SET next_position = %(next_position)s WHERE id = %(handover_id)s RETURNING id, run_id, sink_id
)
INSERT INTO sinks_delivery (handover_id, run_id, sink_id, first_position, last_position, payloads, due_at)
SELECT m.id, m.run_id, m.sink_id, n.first, n.last, n.payloads, clock_timestamp()
FROM moved AS m
CROSS JOIN unnest(%(firsts)s::int[], %(lasts)s::int[], %(payloads)s::int[]) AS n (first, last, payloads)
ON CONFLICT DO NOTHING
