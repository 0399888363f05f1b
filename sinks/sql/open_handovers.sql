-- nothing -> handover, for each sink of these runs. Part of the transaction that ends the runs; it locks nothing but what it inserts.
-- The run's own list says where its results go; which sink an entry means is what its job says now.
INSERT INTO sinks_handover (run_id, place, name, sink_id, total)
SELECT r.id, entry.place - 1, entry.name, u.sink_id, r.total
FROM jobs_run AS r
CROSS JOIN LATERAL (
    SELECT e.place, COALESCE(e.entry ->> 'name', e.entry ->> 'sink', e.entry ->> 'kind') AS name
    FROM jsonb_array_elements(r.snapshot -> 'sinks') WITH ORDINALITY AS e (entry, place)
) AS entry
LEFT JOIN sinks_use AS u ON u.job_id = r.job_id AND u.name = entry.name
WHERE r.id = ANY (%(run_ids)s::bigint[]) AND r.total > 0
ON CONFLICT DO NOTHING
RETURNING sink_id
