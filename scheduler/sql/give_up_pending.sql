-- waiting | buffered -> skipped, for all such fires of a schedule that the caller has locked. Returns how many were buffered: those had
-- used up an action.
WITH pending AS MATERIALIZED (
    SELECT id, state FROM scheduler_fire WHERE schedule_id = %(schedule_id)s AND state IN ('waiting', 'buffered')
), given_up AS (
    UPDATE scheduler_fire AS f
    SET state = 'skipped', reason = %(reason)s, detail = %(detail)s, due_at = NULL,
        decided_at = COALESCE(%(now)s::timestamptz, clock_timestamp())
    FROM pending
    WHERE f.id = pending.id
)
SELECT count(*) FROM pending WHERE state = 'buffered'
