-- Lock those of these runs that have ended and that nobody else has locked. FOR UPDATE: from now on nobody can pin, rerun or replay one.
SELECT id FROM jobs_run WHERE id = ANY (%(run_ids)s::bigint[]) AND num_nonnulls(ended_at) = 1
ORDER BY id
FOR UPDATE SKIP LOCKED
