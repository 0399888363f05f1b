-- The next deliveries of these runs to erase: whoever is about to write them waits, and then finds them gone.
SELECT id FROM sinks_delivery WHERE run_id = ANY (%(run_ids)s::bigint[]) ORDER BY run_id, id LIMIT %(take)s FOR UPDATE
