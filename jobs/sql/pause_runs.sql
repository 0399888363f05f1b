-- pending | running | resuming -> pausing, for these runs. Others: no row. settle_pause.sql follows for those that have no lane.
WITH found AS MATERIALIZED (
    SELECT id FROM jobs_run
    WHERE id = ANY (%(run_ids)s::bigint[]) AND state IN ('pending', 'running', 'resuming')
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE jobs_run AS r
    SET state = 'pausing', wake_at = t.now + interval '1 s',
        pause = jsonb_build_object('actor', %(actor)s::text, 'at', t.now, 'note', %(note)s::text, 'by_job', %(by_job)s::bool)
    FROM found, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = found.id
    RETURNING r.id, r.workspace_id, r.job_id, t.now
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.pausing', %(actor)s, jsonb_build_object('note', %(note)s::text, 'by_job', %(by_job)s::bool), now
    FROM changed
)
SELECT id FROM changed ORDER BY id
