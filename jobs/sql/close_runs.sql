-- running -> succeeded | failed | cancelled, for those of these runs whose payloads all have their outcome. Others: no row.
-- A run of a single payload shows that payload's result as its own.
WITH complete AS MATERIALIZED (
    SELECT id FROM jobs_run
    WHERE id = ANY (%(run_ids)s::bigint[]) AND state IN ('pending', 'running') AND succeeded + failed + cancelled >= total
    ORDER BY id
    FOR NO KEY UPDATE
), ended AS (
    UPDATE jobs_run AS r
    SET state = CASE WHEN r.failed > 0 THEN 'failed' WHEN r.cancelled > 0 THEN 'cancelled' ELSE 'succeeded' END,
        started_at = COALESCE(r.started_at, t.now), ended_at = t.now, wake_at = NULL,
        result = CASE WHEN r.total = 1 THEN (SELECT p.result FROM jobs_payload AS p WHERE p.run_id = r.id AND p.position = 0) END,
        error = CASE WHEN r.failed > 0 THEN jsonb_build_object(
            'message', r.failed || ' of ' || r.total || CASE WHEN r.total = 1 THEN ' payload failed' ELSE ' payloads failed' END,
            'failed', ARRAY(
                SELECT jsonb_build_object('position', p.position, 'name', p.name, 'message', p.error ->> 'message')
                FROM jobs_payload AS p WHERE p.run_id = r.id AND p.state = 'failed' ORDER BY p.position LIMIT 5
            )) END
    FROM complete, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = complete.id
    RETURNING r.id, r.workspace_id, r.job_id, r.job_key, r.state, r.started_at, r.ended_at, r.total, r.failed
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.' || state, '', jsonb_build_object('total', total, 'failed', failed), ended_at FROM ended
)
SELECT id, workspace_id, job_key, state, started_at, ended_at, total, failed FROM ended ORDER BY id
