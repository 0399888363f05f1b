-- ended runs -> their totals by workspace, job and hour, of those that ended within a stretch of time. Written into the totals by
-- add.sql, and added to what is read of them by what reads, so that both count alike.
-- Replays execute nothing, and count nowhere. What was cancelled has no duration and no wait: it may never have begun. A run is late
-- against the fire time of the schedule that owed it; a backfill's run has a fire time of the past, and names no schedule.
-- A service level is judged by the configuration that the run was begun with: goal has those that occur, with their durations read. A
-- run that failed did not meet it, nor one that was not begun in time; one that somebody terminated is not judged.
WITH goal AS (
    SELECT sla::jsonb AS sla, duration_ms, lateness_ms
    FROM unnest(%(slas)s::text[], %(duration_goals)s::float8[], %(lateness_goals)s::float8[]) AS g (sla, duration_ms, lateness_ms)
), timed AS MATERIALIZED (
    SELECT
        r.workspace_id, r.job_key, date_trunc('hour', r.ended_at, 'UTC') AS hour, r.state, r.trigger, r.succeeded, r.failed, r.cancelled,
        goal.sla IS NOT NULL AND (r.state <> 'cancelled' OR r.stop ->> 'reason' = 'expired') AS judged, goal.duration_ms AS duration_goal,
        goal.lateness_ms AS lateness_goal,
        round(EXTRACT(epoch FROM r.started_at - COALESCE(CASE WHEN r.schedule_id IS NOT NULL THEN r.scheduled_for END, r.created_at)) * 1000)
            AS begun_after,
        CASE WHEN r.state <> 'cancelled' THEN GREATEST(round(EXTRACT(epoch FROM r.ended_at - r.started_at) * 1000), 0)::bigint END AS duration,
        CASE WHEN r.state <> 'cancelled' THEN GREATEST(round(EXTRACT(epoch FROM r.started_at - r.created_at) * 1000), 0)::bigint END AS wait,
        CASE WHEN r.state <> 'cancelled' AND r.schedule_id IS NOT NULL
            THEN GREATEST(round(EXTRACT(epoch FROM r.started_at - r.scheduled_for) * 1000), 0)::bigint END AS lateness
    FROM jobs_run AS r LEFT JOIN goal ON goal.sla = r.snapshot -> 'configuration' -> 'sla'
    WHERE r.ended_at >= %(since)s::timestamptz AND r.ended_at < %(until)s::timestamptz AND r.trigger <> 'replay'
        AND (%(workspace_id)s::bigint IS NULL OR r.workspace_id = %(workspace_id)s::bigint)
        AND (%(job_key)s::text = '' OR r.job_key = %(job_key)s::text)
), counted AS (
    SELECT
        workspace_id, job_key, hour,
        count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE trigger = 'manual') AS manual,
        count(*) FILTER (WHERE trigger = 'api') AS api,
        count(*) FILTER (WHERE trigger = 'schedule') AS schedule,
        count(*) FILTER (WHERE trigger = 'job') AS job,
        count(*) FILTER (WHERE trigger = 'rerun') AS rerun,
        sum(succeeded) AS payloads_succeeded,
        sum(failed) AS payloads_failed,
        sum(cancelled) AS payloads_cancelled,
        COALESCE(sum(duration), 0) AS duration_ms,
        COALESCE(max(duration), 0) AS duration_most_ms,
        COALESCE(sum(wait), 0) AS wait_ms,
        COALESCE(max(wait), 0) AS wait_most_ms,
        count(lateness) AS late,
        COALESCE(sum(lateness), 0) AS late_ms,
        COALESCE(max(lateness), 0) AS late_most_ms,
        count(*) FILTER (WHERE judged) AS judged,
        count(*) FILTER (
            WHERE judged AND state = 'succeeded' AND duration <= COALESCE(duration_goal, duration)
                AND begun_after <= COALESCE(lateness_goal, begun_after)
        ) AS met
    FROM timed
    GROUP BY workspace_id, job_key, hour
), spread AS (
    SELECT workspace_id, job_key, hour, jsonb_object_agg(measure || '.' || bucket, number) AS spread
    FROM (
        SELECT workspace_id, job_key, hour, measure, width_bucket(ms, %(bounds)s::bigint[]) AS bucket, count(*) AS number
        FROM timed, LATERAL (VALUES ('duration', duration), ('wait', wait), ('late', lateness)) AS measured (measure, ms)
        WHERE ms IS NOT NULL
        GROUP BY workspace_id, job_key, hour, measure, bucket
    ) AS found
    GROUP BY workspace_id, job_key, hour
)
SELECT counted.*, COALESCE(spread.spread, '{}') AS spread FROM counted LEFT JOIN spread USING (workspace_id, job_key, hour)
