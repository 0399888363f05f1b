-- Those of these deliveries that held notices and hold none any more.
SELECT d.id FROM sinks_delivery AS d
WHERE d.id = ANY (%(ids)s::bigint[]) AND d.rule_id IS NOT NULL AND NOT EXISTS (SELECT FROM sinks_notice AS n WHERE n.delivery_id = d.id)
ORDER BY d.id
FOR UPDATE
