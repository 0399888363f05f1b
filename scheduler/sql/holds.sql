-- Which runs of each of these schedules have not ended, and which of its fires wait for that. The schedules are locked, so that nobody
-- adds to either meanwhile; a run may end meanwhile, and then its ending says so.
-- A schedule without either, as most are, yields no row. OFFSET 0: or both would be looked up twice.
-- In no order, though both are wanted by id: asked for that, the planner would rather read a whole table by its key than sort three
-- rows, as long as the table was small when it planned.
SELECT schedule_id, run_ids, buffered_ids
FROM (
    SELECT o.schedule_id,
        ARRAY(SELECT r.id FROM jobs_run AS r WHERE r.schedule_id = o.schedule_id AND r.ended_at IS NULL) AS run_ids,
        ARRAY(SELECT f.id FROM scheduler_fire AS f WHERE f.schedule_id = o.schedule_id AND f.state = 'buffered') AS buffered_ids
    FROM unnest(%(schedule_ids)s::bigint[]) AS o (schedule_id)
    OFFSET 0
) AS hold
WHERE run_ids <> '{}' OR buffered_ids <> '{}'
