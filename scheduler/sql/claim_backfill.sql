-- Lock a running backfill, within the caller's transaction, which has its schedule. No row: somebody else has it, or it is over.
SELECT b.id, b.workspace_id, b.schedule_id, b.which, b."limit" AS most_active FROM scheduler_backfill AS b
WHERE b.id = %(backfill_id)s::bigint AND b.state = 'running'
FOR NO KEY UPDATE SKIP LOCKED
