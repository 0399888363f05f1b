-- What erase_fires.sql would erase without a limit.
SELECT count(*) FROM unnest(%(schedule_ids)s::bigint[], %(until_at)s::timestamptz[]) AS s (id, until_at),
    LATERAL (
        SELECT f.id FROM scheduler_fire AS f
        WHERE f.schedule_id = s.id AND f.fire_at < s.until_at AND f.decided_at < %(before)s AND f.state IN ('fired', 'skipped')
        OFFSET 0
    ) AS f
