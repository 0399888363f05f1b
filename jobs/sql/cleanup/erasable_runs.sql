-- Those of these runs that may be erased: not pinned, nothing of them is still to be ended or dealt with, and no active run comes of them.
-- A statement of its own after the lock, so that it sees what was committed before the lock was had.
SELECT run.id FROM unnest(%(run_ids)s::bigint[]) AS run (id)
WHERE NOT EXISTS (SELECT FROM jobs_pin AS p WHERE p.run_id = run.id)
    AND NOT EXISTS (SELECT FROM jobs_lane AS l WHERE l.run_id = run.id)
    AND NOT EXISTS (SELECT FROM jobs_handle AS h WHERE h.run_id = run.id)
    AND NOT EXISTS (SELECT FROM jobs_follow_up AS f WHERE f.run_id = run.id)
    AND NOT EXISTS (SELECT FROM jobs_run AS r WHERE r.origin_id = run.id AND num_nonnulls(r.ended_at) = 0)
ORDER BY run.id
