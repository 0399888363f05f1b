-- active -> ended, for those of these schedules, which the caller has locked, that are active still: they never fire again.
WITH ended AS (
    UPDATE scheduler_schedule SET state = 'ended', next_fire_at = NULL, next_run_at = NULL
    WHERE id = ANY (%(schedule_ids)s::bigint[]) AND state = 'active'
    RETURNING workspace_id, job_id, id, name
)
INSERT INTO jobs_event (workspace_id, job_id, kind, actor, data, at)
SELECT workspace_id, job_id, 'schedule.ended', '', jsonb_build_object('schedule', id, 'name', name),
    COALESCE(%(now)s::timestamptz, clock_timestamp())
FROM ended
