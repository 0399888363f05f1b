-- Deliveries that are locked.
DELETE FROM sinks_delivery WHERE id = ANY (%(ids)s::bigint[])
