-- nothing -> queued, or cancelled beyond max_payloads: payloads at the end of a run that has not ended. The caller's transaction has locked
-- the run before (lock_to_extend.sql): so it cannot be closed in between, and the keys that were added before are seen.
-- What is cancelled here stands behind all else, for whatever follows the first of them is beyond max_payloads too; lanes lease up to
-- total - cancelled. next_position may have run past that end: it comes back to it, or lanes would pass over what is added.
-- Of what is beyond, a run keeps %(keep)s rows: whoever adds without end is told, and fills no table. The rest leaves no row, only a number
-- in the event. In a run that is not being ended, nothing else is cancelled: so r.cancelled counts the rows that it keeps already.
-- Shape: a key by its own index; nothing of `a` but numbers in a sort, or each row would carry all payloads. One event for each adder.
WITH run AS MATERIALIZED (
    SELECT r.id, r.total, most.payloads AS most, GREATEST(most.payloads - r.total, 0) AS room,
        GREATEST(most.payloads - r.total, 0) + GREATEST(%(keep)s::int - r.cancelled, 0) AS rows, r.workspace_id, r.job_id,
        COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
    FROM jobs_run AS r, LATERAL (
        SELECT COALESCE((r.snapshot -> 'configuration' ->> 'max_payloads')::int, %(most)s::int) AS payloads
    ) AS most
    WHERE r.id = %(run_id)s
), item AS MATERIALIZED (
    SELECT a.parent, i.value, i.value ->> 'key' AS key, a.ordinality AS adder, i.ordinality,
        row_number() OVER (PARTITION BY i.value ->> 'key' ORDER BY a.ordinality, i.ordinality) AS occurrence
    FROM ROWS FROM (json_to_recordset(%(additions)s::json) AS (parent int, items jsonb)) WITH ORDINALITY AS a (parent, items, ordinality),
        jsonb_array_elements(a.items) WITH ORDINALITY AS i (value, ordinality)
), fresh AS MATERIALIZED (
    SELECT item.parent, item.value, item.key, run.total + row_number() OVER (ORDER BY item.adder, item.ordinality) - 1 AS position
    FROM run CROSS JOIN item LEFT JOIN LATERAL (
        SELECT q.position FROM jobs_payload AS q WHERE q.run_id = run.id AND q.key = item.key AND q.key IS NOT NULL OFFSET 0
    ) AS known ON true
    WHERE item.key IS NULL OR (item.occurrence = 1 AND known.position IS NULL)
), payload AS (
    INSERT INTO jobs_payload (run_id, position, kind, name, parameters, options, parent, key, state, attempts, ended_at, error)
    SELECT run.id, fresh.position, fresh.value ->> 'kind', COALESCE(fresh.value ->> 'name', ''), COALESCE(fresh.value -> 'parameters', '{}'),
        NULLIF(fresh.value - '{kind,name,parameters,key}'::text[], '{}'), fresh.parent, fresh.key, judged.state, 0,
        CASE judged.state WHEN 'cancelled' THEN run.now END,
        CASE judged.state WHEN 'cancelled' THEN jsonb_build_object(
            'code', 'max_payloads', 'message', 'a run of this job has at most ' || run.most || ' payloads (max_payloads)'
        ) END
    FROM run CROSS JOIN fresh, LATERAL (
        SELECT CASE WHEN fresh.position < run.total + run.room THEN 'queued' ELSE 'cancelled' END AS state
    ) AS judged
    WHERE fresh.position < run.total + run.rows
), counted AS (
    SELECT fresh.parent, count(*) FILTER (WHERE fresh.position < run.total + run.room) AS added,
        count(*) FILTER (WHERE fresh.position >= run.total + run.room AND fresh.position < run.total + run.rows) AS cancelled,
        count(*) FILTER (WHERE fresh.position >= run.total + run.rows) AS dropped
    FROM run CROSS JOIN fresh
    GROUP BY fresh.parent
), altogether AS (
    SELECT sum(added)::int AS added, sum(cancelled)::int AS cancelled, sum(dropped)::int AS dropped FROM counted HAVING count(*) > 0
), changed AS (
    UPDATE jobs_run AS r
    SET total = r.total + altogether.added + altogether.cancelled, cancelled = r.cancelled + altogether.cancelled,
        next_position = LEAST(r.next_position, r.total - r.cancelled),
        wake_at = CASE WHEN r.wake_at IS NOT NULL THEN LEAST(r.wake_at, run.now + %(grace)s::interval) END
    FROM run, altogether
    WHERE r.id = run.id AND altogether.added + altogether.cancelled > 0
    RETURNING r.id, r.queue, r.state, r.admitted, r.max_lanes, r.total - r.cancelled - r.next_position AS unleased
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT run.workspace_id, run.job_id, run.id, 'run.extended', COALESCE(%(actor)s::text, 'payload ' || counted.parent),
        jsonb_build_object('parent', counted.parent, 'added', counted.added, 'cancelled', counted.cancelled)
            || CASE WHEN counted.dropped > 0 THEN jsonb_build_object('dropped', counted.dropped) ELSE '{}' END,
        run.now
    FROM run CROSS JOIN counted
)
SELECT altogether.added, altogether.cancelled, altogether.dropped, CASE WHEN changed.id IS NOT NULL THEN run.total END AS first_position,
    changed.queue, changed.state, changed.admitted, changed.unleased, changed.max_lanes,
    ARRAY(SELECT l.slot FROM jobs_lane AS l WHERE l.run_id = changed.id) AS slots
FROM run CROSS JOIN altogether LEFT JOIN changed ON true
