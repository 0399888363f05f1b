-- Remove the endings for schedules that are gone. Nobody holds a lock that would keep two of us apart, hence SKIP LOCKED.
DELETE FROM scheduler_ending
WHERE id IN (
    SELECT e.id FROM scheduler_ending AS e
    WHERE e.schedule_id = ANY (%(schedule_ids)s::bigint[])
        AND NOT EXISTS (SELECT 1 FROM scheduler_schedule AS s WHERE s.id = e.schedule_id)
    FOR UPDATE SKIP LOCKED
)
