-- Keeps everybody from making deliveries of what these runs owe.
SELECT id FROM sinks_handover WHERE run_id = ANY (%(run_ids)s::bigint[]) ORDER BY id FOR UPDATE
