-- Count down what a schedule, which the caller has locked, may still start: with the last one it has ended. A negative count gives back.
WITH former AS MATERIALIZED (
    SELECT id, state FROM scheduler_schedule WHERE id = %(schedule_id)s::bigint
), counted AS (
    UPDATE scheduler_schedule AS s
    SET actions_left = GREATEST(s.actions_left - %(count)s::int, 0),
        state = CASE WHEN s.actions_left <= %(count)s::int AND s.state = 'active' THEN 'ended' ELSE s.state END,
        next_fire_at = CASE WHEN s.actions_left > %(count)s::int THEN s.next_fire_at END,
        next_run_at = CASE WHEN s.actions_left > %(count)s::int THEN s.next_run_at END
    FROM former
    WHERE s.id = former.id AND s.actions_left IS NOT NULL
    RETURNING s.workspace_id, s.job_id, s.id, s.name, s.state = 'ended' AND former.state = 'active' AS ended
)
INSERT INTO jobs_event (workspace_id, job_id, kind, actor, data, at)
SELECT workspace_id, job_id, 'schedule.ended', '', jsonb_build_object('schedule', id, 'name', name), clock_timestamp()
FROM counted WHERE ended
