-- Say when the sweep looks at each of these runs again. Only the sweep that locked them calls this.
UPDATE jobs_run AS r SET wake_at = o.wake_at, nudges = o.nudges
FROM unnest(%(run_ids)s::bigint[], %(wake_at)s::timestamptz[], %(nudges)s::smallint[]) AS o (run_id, wake_at, nudges)
WHERE r.id = o.run_id AND r.wake_at IS NOT NULL
