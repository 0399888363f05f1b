-- owed -> started, for fire times of a backfill whose runs were started in this transaction. A fire time of which nothing was decided gets
-- the run as the schedule's own decision; one that has a decision keeps it, and gets another beside it, under the backfill's name.
WITH started AS MATERIALIZED (
    SELECT o.* FROM unnest(%(time_ids)s::bigint[], %(fire_at)s::timestamptz[], %(run_ids)s::bigint[]) AS o (time_id, fire_at, run_id)
), undecided AS (
    INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, run_id, decided_at)
    SELECT %(schedule_id)s::bigint, fire_at, '', 'fired', '', %(detail)s::text, run_id, COALESCE(%(now)s::timestamptz, clock_timestamp()) FROM started
    ON CONFLICT (schedule_id, fire_at, cause) DO NOTHING
    RETURNING fire_at
), decided AS (
    INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, run_id, decided_at)
    SELECT %(schedule_id)s::bigint, fire_at, %(cause)s::text, 'fired', '', %(detail)s::text, run_id, COALESCE(%(now)s::timestamptz, clock_timestamp())
    FROM started WHERE NOT EXISTS (SELECT 1 FROM undecided WHERE undecided.fire_at = started.fire_at)
)
UPDATE scheduler_backfill_time AS t SET state = 'started', run_id = started.run_id FROM started WHERE t.id = started.time_id
