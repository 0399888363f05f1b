-- waiting | buffered -> fired | skipped | buffered. Part of the transaction that locked the schedules.
-- || '': each by its id; the index of those that wait would be read whole where the statistics say that it is empty.
UPDATE scheduler_fire AS f
SET state = o.state, reason = o.reason, detail = o.detail, run_id = o.run_id, due_at = NULL,
    decided_at = COALESCE(%(now)s::timestamptz, clock_timestamp())
FROM unnest(%(fire_ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(details)s::text[], %(run_ids)s::bigint[])
    AS o (fire_id, state, reason, detail, run_id)
WHERE f.id = o.fire_id AND f.state || '' IN ('waiting', 'buffered')
RETURNING f.id
