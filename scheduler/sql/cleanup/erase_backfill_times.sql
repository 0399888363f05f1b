-- Times of these backfills -> gone; at most so many.
DELETE FROM scheduler_backfill_time WHERE ctid = ANY (ARRAY(
    SELECT t.ctid FROM unnest(%(backfill_ids)s::bigint[]) AS b (id),
        LATERAL (SELECT t.ctid FROM scheduler_backfill_time AS t WHERE t.backfill_id = b.id OFFSET 0) AS t
    LIMIT %(limit)s
))
