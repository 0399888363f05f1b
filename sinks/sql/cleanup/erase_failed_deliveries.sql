-- The failed attempts at deliveries that are about to go.
DELETE FROM sinks_failed_delivery WHERE delivery_id = ANY (%(ids)s::bigint[])
