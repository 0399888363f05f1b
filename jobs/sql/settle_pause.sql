-- pausing -> paused, for those of these runs that no lane works any more. One whose payloads all have their outcome is left to
-- close_runs.sql. A lane that was taken at the same moment is not seen here: its first report leases nothing, and it leaves.
WITH changed AS (
    UPDATE jobs_run AS r
    SET state = 'paused', wake_at = NULL
    WHERE r.id = ANY (%(run_ids)s::bigint[]) AND r.state = 'pausing' AND r.succeeded + r.failed + r.cancelled < r.total
        AND NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = r.id)
    RETURNING r.id, r.workspace_id, r.job_id, r.pause
), event AS (
    INSERT INTO jobs_event (workspace_id, job_id, run_id, kind, actor, data, at)
    SELECT workspace_id, job_id, id, 'run.paused', COALESCE(pause ->> 'actor', ''),
        jsonb_strip_nulls(jsonb_build_object('note', pause -> 'note')), COALESCE(%(now)s::timestamptz, clock_timestamp()) FROM changed
)
SELECT id FROM changed ORDER BY id
