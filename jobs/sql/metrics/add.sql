-- grouped (see grouped.sql) -> the totals of each job and of all jobs together, by hour and by day. Who executes this holds the cursor:
-- nobody else adds at the same time, and the cursor moves in the same transaction.
INSERT INTO jobs_run_totals AS t (
    workspace_id, span, job_key, start, succeeded, failed, cancelled, manual, api, schedule, job, rerun,
    payloads_succeeded, payloads_failed, payloads_cancelled, duration_ms, duration_most_ms, wait_ms, wait_most_ms,
    late, late_ms, late_most_ms, judged, met, spread
)
SELECT
    g.workspace_id, level.span, level.job_key, level.start, sum(succeeded), sum(failed), sum(cancelled), sum(manual), sum(api), sum(schedule),
    sum(job), sum(rerun), sum(payloads_succeeded), sum(payloads_failed), sum(payloads_cancelled), sum(duration_ms), max(duration_most_ms),
    sum(wait_ms), max(wait_most_ms), sum(late), sum(late_ms), max(late_most_ms), sum(judged), sum(met),
    (
        SELECT COALESCE(jsonb_object_agg(each.key, each.number), '{}') FROM (
            SELECT one.key, sum(one.value::bigint) AS number
            FROM unnest(array_agg(g.spread)) AS part (spread), jsonb_each_text(part.spread) AS one
            GROUP BY one.key
        ) AS each
    )
FROM grouped AS g, LATERAL (
    VALUES
        ('hour', g.job_key, g.hour), ('hour', '', g.hour),
        ('day', g.job_key, date_trunc('day', g.hour, 'UTC')), ('day', '', date_trunc('day', g.hour, 'UTC'))
) AS level (span, job_key, start)
WHERE EXISTS (SELECT 1 FROM jobs_workspace AS w WHERE w.id = g.workspace_id)
GROUP BY g.workspace_id, level.span, level.job_key, level.start
ORDER BY g.workspace_id, level.span, level.job_key, level.start
ON CONFLICT (workspace_id, span, job_key, start) DO UPDATE SET
    succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed, cancelled = t.cancelled + excluded.cancelled,
    manual = t.manual + excluded.manual, api = t.api + excluded.api, schedule = t.schedule + excluded.schedule, job = t.job + excluded.job,
    rerun = t.rerun + excluded.rerun,
    payloads_succeeded = t.payloads_succeeded + excluded.payloads_succeeded, payloads_failed = t.payloads_failed + excluded.payloads_failed,
    payloads_cancelled = t.payloads_cancelled + excluded.payloads_cancelled,
    duration_ms = t.duration_ms + excluded.duration_ms, duration_most_ms = GREATEST(t.duration_most_ms, excluded.duration_most_ms),
    wait_ms = t.wait_ms + excluded.wait_ms, wait_most_ms = GREATEST(t.wait_most_ms, excluded.wait_most_ms),
    late = t.late + excluded.late, late_ms = t.late_ms + excluded.late_ms, late_most_ms = GREATEST(t.late_most_ms, excluded.late_most_ms),
    judged = t.judged + excluded.judged, met = t.met + excluded.met,
    spread = (
        SELECT COALESCE(jsonb_object_agg(each.key, each.number), '{}') FROM (
            SELECT one.key, sum(one.value::bigint) AS number
            FROM (SELECT * FROM jsonb_each_text(t.spread) UNION ALL SELECT * FROM jsonb_each_text(excluded.spread)) AS one (key, value)
            GROUP BY one.key
        ) AS each
    )
