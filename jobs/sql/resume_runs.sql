-- pausing -> running; paused -> resuming, or pending when it had not begun. Others: no row. Its deadlines move on by as long as it stood.
-- messages: how many lanes it could use; the slots of those that are at work are sent for in vain.
-- What goes on elsewhere and is looked at (looking) has the more time, too.
WITH found AS MATERIALIZED (
    SELECT id, (pause ->> 'at')::timestamptz AS paused_at FROM jobs_run
    WHERE id = ANY (%(run_ids)s::bigint[]) AND state IN ('pausing', 'paused')
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE jobs_run AS r
    SET state = CASE WHEN r.started_at IS NULL THEN 'pending' WHEN r.state = 'paused' THEN 'resuming' ELSE 'running' END,
        wake_at = t.now + %(grace)s::interval, nudges = 0, pause = NULL,
        expires_at = r.expires_at + (t.now - (r.pause ->> 'at')::timestamptz),
        deadline_at = r.deadline_at + (t.now - (r.pause ->> 'at')::timestamptz)
    FROM found, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = found.id
    RETURNING r.*, t.now
), looked_at AS (
    UPDATE jobs_requeued AS q
    SET looking = jsonb_set(q.looking, '{until}', to_jsonb((q.looking ->> 'until')::timestamptz + (t.now - found.paused_at)))
    FROM found, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE q.run_id = found.id AND q.looking IS NOT NULL AND q.lane_id IS NULL
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.resuming', %(actor)s, jsonb_build_object('note', %(note)s::text), now FROM changed
)
SELECT
    id, queue, strict, total, admitted,
    LEAST(max_lanes, GREATEST(total - cancelled - next_position, 0) + (
        SELECT count(*) FROM (
            SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = changed.id AND q.lane_id IS NULL AND q.due_at <= changed.now LIMIT 1000
        ) AS due
    )) AS messages
FROM changed ORDER BY id
