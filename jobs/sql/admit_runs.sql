-- waiting -> admitted, for the next runs of one job, the most urgent first. Part of a transaction that has locked the job's row before:
-- this statement must see what the last holder of that lock admitted.
-- All that are admitted and have not ended count, the paused ones too. One that is being ended, or came too late, waits for nothing.
WITH room AS MATERIALIZED (
    SELECT t.now, LEAST(%(most)s, CASE WHEN job.max_runs IS NOT NULL THEN job.max_runs - (
        SELECT count(*) FROM jobs_run AS r WHERE r.job_id = job.id AND r.admitted AND r.ended_at IS NULL
    ) END) AS places
    FROM jobs_job AS job, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE job.id = %(job_id)s
), next AS MATERIALIZED (
    SELECT r.id FROM jobs_run AS r
    WHERE r.job_id = %(job_id)s AND NOT r.admitted AND r.ended_at IS NULL AND r.state = 'pending'
        AND (r.expires_at IS NULL OR r.expires_at > (SELECT now FROM room))
    ORDER BY r.priority DESC, r.id
    LIMIT (SELECT GREATEST(places, 0) FROM room)
    FOR NO KEY UPDATE
)
UPDATE jobs_run AS r SET admitted = true, nudges = 0, wake_at = LEAST(room.now + interval '1 s', r.expires_at)
FROM next, room
WHERE r.id = next.id
RETURNING r.id, r.job_id, r.queue, r.max_lanes, r.total, r.strict, r.admitted
