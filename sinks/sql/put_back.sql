-- due with an attempt under way -> due as it was before: the attempt was never made.
WITH held AS MATERIALIZED (
    SELECT sink_id FROM sinks_standing
    WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL
    FOR NO KEY UPDATE
)
UPDATE sinks_delivery AS d
SET attempts = d.attempts - 1, attempted_at = NULL,
    first_attempt_at = CASE WHEN d.first_attempt_at < d.attempted_at THEN d.first_attempt_at END
FROM unnest(%(ids)s::bigint[], %(numbers)s::int[]) AS o (id, number)
WHERE EXISTS (SELECT FROM held) AND d.id = o.id AND d.due_at IS NOT NULL AND d.attempts = o.number AND d.attempted_at IS NOT NULL
