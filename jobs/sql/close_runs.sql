-- active -> succeeded | failed | cancelled, for those of these runs whose payloads all have their outcome. Others: no row.
-- A run that was stopped ends as what it was stopped for; else failures count beyond what its job tolerates. Payloads that were
-- cancelled without the run having been stopped were more than max_payloads, and change nothing, also not what a percentage is of.
-- All is judged by the row as it was locked: it may have been stopped while this statement waited for it.
-- A run of a single payload shows that payload's result as its own.
-- outcome: the state once more, for an index that is not written before (jobs/models/run.py).
-- num_nonnulls, and not IS NULL: the index of those would be read whole where the statistics say that it is empty.
-- follow_up: what locks the job's row must wait until this transaction is over (jobs/services/follow_ups.py).
WITH complete AS MATERIALIZED (
    SELECT id, total - cancelled AS executed, failed, stop, snapshot -> 'configuration' AS configuration,
        COALESCE(snapshot -> 'sinks', '[]') <> '[]' AS delivers
    FROM jobs_run
    WHERE id = ANY (%(run_ids)s::bigint[]) AND num_nonnulls(ended_at) = 0 AND succeeded + failed + cancelled >= total
    ORDER BY id
    FOR NO KEY UPDATE
), judged AS (
    SELECT id, stop, configuration, delivers,
        CASE
            WHEN stop ->> 'reason' IN ('timeout', 'first_failure') THEN 'failed'
            WHEN stop IS NOT NULL THEN 'cancelled'
            WHEN failed > tolerated.failures THEN 'failed'
            ELSE 'succeeded'
        END AS state
    FROM complete, LATERAL (
        SELECT COALESCE(
            (configuration -> 'failure_tolerance' ->> 'count')::float8,
            (configuration -> 'failure_tolerance' ->> 'percent')::float8 * executed / 100,
            0
        ) AS failures
    ) AS tolerated
), ended AS (
    UPDATE jobs_run AS r
    SET state = judged.state, outcome = judged.state, started_at = COALESCE(r.started_at, t.now), ended_at = t.now, wake_at = NULL, pause = NULL,
        result = CASE WHEN r.total = 1 THEN (SELECT p.result FROM jobs_payload AS p WHERE p.run_id = r.id AND p.position = 0) END,
        error = CASE
            WHEN r.stop IS NOT NULL THEN jsonb_build_object(
                'code', r.stop ->> 'reason',
                'message', CASE r.stop ->> 'reason'
                    WHEN 'terminated' THEN 'terminated' || COALESCE(' by ' || NULLIF(r.stop ->> 'actor', ''), '')
                    WHEN 'timeout' THEN 'took longer than its run_timeout'
                    WHEN 'expired' THEN 'was not begun within its start_timeout'
                    WHEN 'first_failure' THEN 'stopped at its first failed payload'
                    ELSE r.stop ->> 'reason'
                END || COALESCE(': ' || NULLIF(r.stop ->> 'note', ''), ''))
            WHEN judged.state = 'failed' THEN jsonb_build_object(
                'message', r.failed || ' of ' || r.total || CASE WHEN r.total = 1 THEN ' payload failed' ELSE ' payloads failed' END)
        END || CASE WHEN r.failed > 0 AND judged.state <> 'succeeded' THEN jsonb_build_object(
            'failed', ARRAY(
                SELECT jsonb_build_object('position', p.position, 'name', p.name, 'message', p.error ->> 'message')
                FROM jobs_payload AS p WHERE p.run_id = r.id AND p.state = 'failed' ORDER BY p.position LIMIT 5
            )) ELSE '{}' END
    FROM judged, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE r.id = judged.id
    RETURNING r.id, r.workspace_id, r.job_id, r.job_key, r.state, r.started_at, r.ended_at, r.total, r.failed, r.stop, r.schedule_id, r.trigger,
        judged.configuration, judged.delivers
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.' || state, COALESCE(stop ->> 'actor', ''),
        jsonb_build_object('total', total, 'failed', failed) || COALESCE(jsonb_strip_nulls(jsonb_build_object('reason', stop -> 'reason', 'note', NULLIF(stop ->> 'note', ''))), '{}'), ended_at
    FROM ended
), follow_up AS (
    INSERT INTO jobs_follow_up (job_id, run_id, kind, created_at)
    SELECT job_id, id, 'check_failures', ended_at FROM ended
    WHERE state = 'failed' AND job_id IS NOT NULL AND configuration ? 'pause_after_failures'
)
SELECT
    id, workspace_id, job_key, state, started_at, ended_at, total, failed, job_id,
    job.max_runs IS NOT NULL AS makes_room, schedule_id, (job.awaited OR schedule_id IS NOT NULL) AND trigger <> 'replay' AS awaited, delivers,
    job.watched
FROM ended LEFT JOIN LATERAL (SELECT j.max_runs, j.awaited, j.watched FROM jobs_job AS j WHERE j.id = ended.job_id OFFSET 0) AS job ON true
ORDER BY id
