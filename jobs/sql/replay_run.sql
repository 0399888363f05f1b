-- finished run -> running run with the same outcomes, which is complete as it stands: closing it is all that is left to do, and if
-- nobody does, the sweep will at wake_at. No row when the run has not ended, is a replay itself, or lacks outcomes.
-- stop is copied, so that closing comes to the same state. Stored results are not copied: both runs refer to the same objects, each with a
-- row that keeps them from being erased.
WITH run AS (
    INSERT INTO jobs_run (
        id, workspace_id, job_id, job_key, state, trigger, origin_id, actor, comment, parameters, snapshot, queue, strict, max_lanes,
        priority, admitted, total, next_position, succeeded, failed, cancelled, stop, nudges, created_at, started_at, wake_at
    )
    SELECT
        nextval('jobs_run_id_seq'), workspace_id, job_id, job_key, 'running', 'replay', id, %(actor)s, %(comment)s, parameters,
        %(snapshot)s::jsonb, queue, strict, max_lanes, priority, true, total, total, succeeded, failed, cancelled, stop, 0,
        t.now, t.now, t.now + %(grace)s::interval
    FROM jobs_run, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE id = %(origin_id)s AND ended_at IS NOT NULL AND trigger <> 'replay' AND succeeded + failed + cancelled = total
    RETURNING id, workspace_id, job_id, created_at
), payload AS (
    INSERT INTO jobs_payload (
        run_id, position, kind, name, parameters, options, parent, key, state, attempts, started_at, ended_at, result, stored,
        error
    )
    SELECT
        run.id, p.position, p.kind, p.name, p.parameters, p.options, p.parent, p.key, p.state, p.attempts, p.started_at, p.ended_at,
        p.result, p.stored, p.error
    FROM run CROSS JOIN jobs_payload AS p
    WHERE p.run_id = %(origin_id)s
), stored AS (
    INSERT INTO jobs_stored_result (run_id, position, key)
    SELECT run.id, p.position, p.stored ->> 'key'
    FROM run CROSS JOIN jobs_payload AS p
    WHERE p.run_id = %(origin_id)s AND p.stored IS NOT NULL
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT
        workspace_id, job_id, id, 'run.created', %(actor)s,
        jsonb_build_object('trigger', 'replay', 'origin', %(origin_id)s::bigint), created_at
    FROM run
)
SELECT id FROM run
