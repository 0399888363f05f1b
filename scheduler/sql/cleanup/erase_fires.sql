-- Decided fires -> gone, those of these schedules before these times; at most so many. What was decided late stays until that is old too.
DELETE FROM scheduler_fire WHERE ctid = ANY (ARRAY(
    SELECT f.ctid FROM unnest(%(schedule_ids)s::bigint[], %(until_at)s::timestamptz[]) AS s (id, until_at),
        LATERAL (
            SELECT f.ctid FROM scheduler_fire AS f
            WHERE f.schedule_id = s.id AND f.fire_at < s.until_at AND f.decided_at < %(before)s AND f.state IN ('fired', 'skipped')
            OFFSET 0
        ) AS f
    LIMIT %(limit)s
))
