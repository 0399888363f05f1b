-- How many deliveries these runs have.
SELECT count(*) FROM sinks_delivery WHERE run_id = ANY (%(run_ids)s::bigint[])
