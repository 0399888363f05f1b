-- How each of these fire times of one schedule stands: why it was skipped, whether a run is still owed for it, and the newest run that
-- was started for it. In the order in which they were given. A run that was erased has no state.
SELECT o.fire_at, COALESCE(f.owed, false) AS owed, COALESCE(f.reason, '') AS reason, COALESCE(f.detail, '') AS detail,
    f.run_id, r.state AS run_state
FROM unnest(%(fire_at)s::timestamptz[]) WITH ORDINALITY AS o (fire_at, place)
LEFT JOIN LATERAL (
    SELECT bool_or(f.state IN ('waiting', 'buffered')) AS owed, max(f.run_id) AS run_id,
        max(f.reason) AS reason, max(f.detail) FILTER (WHERE f.state = 'skipped') AS detail
    FROM scheduler_fire AS f WHERE f.schedule_id = %(schedule_id)s::bigint AND f.fire_at = o.fire_at
) AS f ON true
LEFT JOIN jobs_run AS r ON r.id = f.run_id
ORDER BY o.place
