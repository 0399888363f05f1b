-- The newest deliveries of a workspace behind a place, by their sinks: each has an index that begins with it. A state that has an index
-- of its own is looked for at once; what else is asked for is looked for among the newest of each sink, up to a bound.
SELECT found.id
FROM sinks_sink AS k
CROSS JOIN LATERAL (
    SELECT newest.id
    FROM (
        SELECT d.id, d.run_id, d.state, d.created_at
        FROM sinks_delivery AS d
        WHERE d.sink_id = k.id
            AND (%(after)s::bigint IS NULL OR d.id < %(after)s)
            AND (%(indexed)s::text IS NULL OR d.state = %(indexed)s)
        ORDER BY d.id DESC
        LIMIT %(window)s
    ) AS newest
    LEFT JOIN jobs_run AS r ON r.id = newest.run_id
    WHERE (%(state)s::text IS NULL OR newest.state = %(state)s)
        AND (%(since)s::timestamptz IS NULL OR newest.created_at >= %(since)s)
        AND (%(job_key)s::text IS NULL OR r.job_key = %(job_key)s)
    ORDER BY newest.id DESC
    LIMIT %(limit)s
) AS found
WHERE k.workspace_id = %(workspace_id)s
    AND (%(sink_ids)s::bigint[] IS NULL OR k.id = ANY (%(sink_ids)s))
ORDER BY found.id DESC
LIMIT %(limit)s
