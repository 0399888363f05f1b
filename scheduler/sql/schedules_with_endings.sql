-- Schedules for which a run has ended that was not dealt with: those of the oldest endings, besides schedules that were passed over.
SELECT DISTINCT schedule_id FROM (
    SELECT schedule_id FROM scheduler_ending WHERE NOT settled AND schedule_id <> ALL (%(besides)s::bigint[]) ORDER BY id LIMIT %(take)s
) AS oldest
