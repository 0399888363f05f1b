-- nothing -> fired | skipped | buffered: what was decided of fire times of the clock, and where their schedules stand now. Part of the
-- transaction that locked the schedules and started the runs. Unique by (schedule, fire time): a fire time that was decided before
-- fails the whole transaction.
WITH fire AS (
    INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, run_id, decided_at)
    SELECT o.schedule_id, o.fire_at, '', o.state, o.reason, o.detail, o.run_id, COALESCE(%(now)s::timestamptz, clock_timestamp())
    FROM unnest(
        %(schedule_ids)s::bigint[], %(fire_at)s::timestamptz[], %(states)s::text[], %(reasons)s::text[], %(details)s::text[], %(run_ids)s::bigint[]
    ) AS o (schedule_id, fire_at, state, reason, detail, run_id)
)
UPDATE scheduler_schedule AS s
SET decided_until = GREATEST(s.decided_until, o.decided_until), next_fire_at = o.next_fire_at, next_run_at = o.next_run_at,
    actions_left = o.actions_left, skips = COALESCE(o.skips::jsonb, s.skips), problem = ''
FROM unnest(
    %(moved_ids)s::bigint[], %(decided_until)s::timestamptz[], %(next_fire_at)s::timestamptz[], %(next_run_at)s::timestamptz[],
    %(actions_left)s::int[], %(skips)s::text[]
) AS o (schedule_id, decided_until, next_fire_at, next_run_at, actions_left, skips)
WHERE s.id = o.schedule_id
