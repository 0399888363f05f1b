-- active job -> pending run, with its payloads and its event. Any number of jobs at once; one that is paused, or gone, yields no row.
-- The payload rows are the snapshot of the payload list: run.snapshot holds the rest of the document, not a second copy.
-- FOR SHARE: a pause that is committed first is seen, and run and payloads come from one version of the job. The run's id is drawn
-- before the insert, so that nothing has to be joined back.
-- A run of a job that limits its runs waits to be admitted; the sweep looks at it should nobody do so. LEAST passes over nulls.
WITH locked AS MATERIALIZED (
    SELECT job.*, asked.scheduled_for
    FROM unnest(%(job_ids)s::bigint[], %(scheduled_for)s::timestamptz[]) WITH ORDINALITY AS asked (job_id, scheduled_for, ordinality)
    JOIN jobs_job AS job ON job.id = asked.job_id
    WHERE job.state = 'active'
    ORDER BY asked.ordinality
    FOR SHARE OF job
), job AS MATERIALIZED (
    SELECT locked.*, nextval('jobs_run_id_seq') AS run_id, COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now FROM locked
), run AS (
    INSERT INTO jobs_run (
        id, workspace_id, job_id, job_key, state, trigger, scheduled_for, actor, comment, parameters, snapshot, queue, strict,
        max_lanes, priority, total, next_position, succeeded, failed, cancelled, nudges, created_at, wake_at,
        admitted, group_id, rate_interval_ms, expires_at, digest, idempotency_key, origin_id
    )
    SELECT
        run_id, workspace_id, id, type || ':' || name, 'pending', %(trigger)s, scheduled_for, %(actor)s, %(comment)s,
        %(parameters)s::jsonb,
        jsonb_build_object(
            'key', type || ':' || name, 'description', description, 'configuration', configuration, 'sinks', sinks,
            'schedules', schedules, 'tags', tags, 'metadata', metadata, 'version', version
        ),
        queue, strict, max_lanes, priority, jsonb_array_length(payload), 0, 0, 0, 0, 0, now,
        LEAST(now + CASE WHEN max_runs IS NULL THEN %(grace)s::interval ELSE interval '60 s' END, now + start_timeout),
        max_runs IS NULL, group_id, rate_interval_ms, now + start_timeout,
        CASE WHEN configuration ? 'unique_for' THEN %(digest)s::text END, %(idempotency_key)s::text, %(origin_id)s::bigint
    FROM job
    RETURNING id, job_id, queue, max_lanes, total, strict, admitted
), payload AS (
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, options, state, attempts)
    SELECT
        job.run_id, item.ordinality - 1, item.value ->> 'kind', COALESCE(item.value ->> 'name', ''),
        COALESCE(item.value -> 'parameters', '{}'), NULLIF(item.value - 'kind' - 'name' - 'parameters', '{}'), 'queued', 0
    FROM job, jsonb_array_elements(job.payload) WITH ORDINALITY AS item (value, ordinality)
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, id, run_id, 'run.created', %(actor)s, jsonb_build_object('trigger', %(trigger)s::text), now FROM job
)
SELECT id, job_id, queue, max_lanes, total, strict, admitted FROM run ORDER BY id
