-- What promised deliveries, after these.
DELETE FROM sinks_handover WHERE run_id = ANY (%(run_ids)s::bigint[])
