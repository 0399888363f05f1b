-- Of these schedules, which the caller has locked, those of which a run has failed and nobody has dealt with that yet.
SELECT DISTINCT schedule_id
FROM scheduler_ending
WHERE schedule_id = ANY (%(schedule_ids)s::bigint[]) AND trigger = -1 AND state = 'failed' AND NOT settled
