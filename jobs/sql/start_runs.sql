-- active job -> pending run, with its payloads and its event. Any number of jobs at once.
-- The payload rows are the snapshot of the payload list: run.snapshot holds the rest of the document, not a second copy.
-- A job that is paused, or gone, yields no row.
WITH asked AS (
    SELECT job_id, scheduled_for, ordinality
    FROM unnest(%(job_ids)s::bigint[], %(scheduled_for)s::timestamptz[]) WITH ORDINALITY AS a (job_id, scheduled_for, ordinality)
), job AS MATERIALIZED (
    SELECT * FROM jobs_job WHERE id = ANY (%(job_ids)s::bigint[]) AND state = 'active' FOR SHARE
), run AS (
    INSERT INTO jobs_run (
        workspace_id, job_id, job_key, state, trigger, scheduled_for, actor, comment, parameters, snapshot, queue, strict,
        max_lanes, priority, total, next_position, succeeded, failed, cancelled, nudges, created_at, wake_at
    )
    SELECT
        job.workspace_id, job.id, job.type || ':' || job.name, 'pending', %(trigger)s, asked.scheduled_for, %(actor)s, %(comment)s,
        %(parameters)s::jsonb,
        jsonb_build_object(
            'key', job.type || ':' || job.name, 'description', job.description, 'configuration', job.configuration, 'sinks',
            job.sinks, 'schedules', job.schedules, 'tags', job.tags, 'metadata', job.metadata, 'version', job.version
        ),
        job.queue, job.strict, job.max_lanes, job.priority, jsonb_array_length(job.payload), 0, 0, 0, 0, 0,
        %(now)s, %(now)s + %(grace)s::interval
    FROM asked JOIN job ON job.id = asked.job_id
    ORDER BY asked.ordinality
    RETURNING id, workspace_id, job_id, queue, max_lanes, total
), payload AS (
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, options, state, attempts)
    SELECT
        run.id, item.ordinality - 1, item.value ->> 'kind', COALESCE(item.value ->> 'name', ''),
        COALESCE(item.value -> 'parameters', '{}'), NULLIF(item.value - 'kind' - 'name' - 'parameters', '{}'), 'queued', 0
    FROM run JOIN job ON job.id = run.job_id, jsonb_array_elements(job.payload) WITH ORDINALITY AS item (value, ordinality)
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.created', %(actor)s, jsonb_build_object('trigger', %(trigger)s::text), %(now)s FROM run
)
SELECT id, job_id, queue, max_lanes, total FROM run ORDER BY id
