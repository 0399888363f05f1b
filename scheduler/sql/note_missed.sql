-- nothing -> occurrence, one for each schedule of a watched job some of whose fire times were given up for the same reason. Part of the
-- transaction that records them.
INSERT INTO jobs_occurrence (workspace_id, job_id, kind, at, data)
SELECT s.workspace_id, s.job_id, 'schedule.missed', COALESCE(%(now)s::timestamptz, clock_timestamp()), jsonb_build_object(
    'schedule', s.id, 'name', s.name, 'count', o.count, 'first', o.first, 'last', o.last, 'reason', o.reason, 'detail', o.detail)
FROM (
    SELECT schedule_id, reason, count(*) AS count, min(fire_at) AS first, max(fire_at) AS last, (array_agg(detail ORDER BY fire_at))[1] AS detail
    FROM unnest(%(schedule_ids)s::bigint[], %(fire_at)s::timestamptz[], %(reasons)s::text[], %(details)s::text[])
        AS o (schedule_id, fire_at, reason, detail)
    GROUP BY schedule_id, reason
) AS o
JOIN scheduler_schedule AS s ON s.id = o.schedule_id
JOIN jobs_job AS j ON j.id = s.job_id AND j.watched
ORDER BY o.first
