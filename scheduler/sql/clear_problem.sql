-- A schedule, which the caller has locked, was dealt with.
UPDATE scheduler_schedule SET problem = '' WHERE id = %(schedule_id)s::bigint AND problem <> ''
