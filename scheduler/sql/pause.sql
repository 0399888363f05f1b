-- active | ended -> paused, for a schedule that the caller has locked. One that has ended is paused for what of it waits still.
WITH changed AS (
    UPDATE scheduler_schedule
    SET state = 'paused', state_change = %(change)s::jsonb, next_fire_at = NULL, next_run_at = NULL, updated_at = now()
    WHERE id = %(schedule_id)s::bigint AND state IN ('active', 'ended')
    RETURNING workspace_id, job_id, id, name
)
INSERT INTO jobs_event (workspace_id, job_id, kind, actor, data, at)
SELECT workspace_id, job_id, 'schedule.paused', %(actor)s,
    jsonb_build_object('schedule', id, 'name', name, 'note', %(note)s::text), clock_timestamp()
FROM changed
