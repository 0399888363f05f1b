-- started -> ended, for the fire times of a backfill whose runs have ended, or were erased since; how many others have not.
WITH ended AS (
    UPDATE scheduler_backfill_time AS t SET state = 'ended'
    WHERE t.backfill_id = %(backfill_id)s::bigint AND t.state = 'started'
        AND NOT EXISTS (SELECT 1 FROM jobs_run AS r WHERE r.id = t.run_id AND r.ended_at IS NULL)
    RETURNING t.id
)
SELECT (SELECT count(*) FROM scheduler_backfill_time AS t WHERE t.backfill_id = %(backfill_id)s::bigint AND t.state = 'started')
    - (SELECT count(*) FROM ended) AS active
