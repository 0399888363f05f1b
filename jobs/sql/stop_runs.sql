-- pending | running | pausing | paused | resuming -> cancelling, for these runs. Others: no row: they have ended, or are being ended.
WITH found AS MATERIALIZED (
    SELECT id FROM jobs_run
    WHERE id = ANY (%(run_ids)s::bigint[]) AND state IN ('pending', 'running', 'pausing', 'paused', 'resuming')
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE jobs_run AS r
    SET state = 'cancelling', wake_at = t.now,
        stop = jsonb_build_object('reason', %(reason)s::text, 'actor', %(actor)s::text, 'at', t.now, 'note', %(note)s::text)
    FROM found, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = found.id
    RETURNING r.id, r.workspace_id, r.job_id, t.now
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.cancelling', %(actor)s, jsonb_build_object('reason', %(reason)s::text, 'note', %(note)s::text), now
    FROM changed
)
SELECT id FROM changed ORDER BY id
