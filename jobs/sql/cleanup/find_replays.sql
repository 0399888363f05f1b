-- The replays of a job beyond its newest, the oldest first, but for pinned ones. It reads the index of replays alone.
WITH kept AS MATERIALIZED (
    SELECT id FROM jobs_run WHERE job_id = %(job_id)s AND trigger = 'replay' ORDER BY id DESC LIMIT %(keep)s
)
SELECT id FROM jobs_run AS r
WHERE job_id = %(job_id)s AND trigger = 'replay' AND NOT EXISTS (SELECT FROM jobs_pin AS p WHERE p.run_id = r.id)
    AND id < COALESCE((SELECT min(id) FROM kept), 9223372036854775807)
ORDER BY id
LIMIT %(limit)s
