-- Say when the sweep looks at each of these runs again. Only the sweep that locked them calls this.
-- num_nonnulls, and not IS NOT NULL: the index of those would be read whole where the statistics say that it is empty.
UPDATE jobs_run AS r SET wake_at = o.wake_at, nudges = o.nudges
FROM unnest(%(run_ids)s::bigint[], %(wake_at)s::timestamptz[], %(nudges)s::smallint[]) AS o (run_id, wake_at, nudges)
WHERE r.id = o.run_id AND num_nonnulls(r.wake_at) = 1
