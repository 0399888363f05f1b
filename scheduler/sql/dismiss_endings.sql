-- Keep some endings for later, as dealt with, and remove others: of schedules that the caller has locked.
WITH kept AS (
    UPDATE scheduler_ending SET settled = true WHERE id = ANY (%(settled)s::bigint[]) AND NOT settled
)
DELETE FROM scheduler_ending WHERE id = ANY (%(gone)s::bigint[])
