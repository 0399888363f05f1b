-- A page of what says that objects of results are there; of each, whether nobody can refer to it any more: its payload is gone, or has its
-- outcome and does not refer to it. While a payload has none, an attempt at work may yet report what it has stored.
SELECT s.id, s.key, p.state IS NULL OR (p.state <> 'queued' AND p.stored ->> 'key' IS DISTINCT FROM s.key) AS is_orphan
FROM (SELECT id, run_id, position, key FROM jobs_stored_result WHERE id > %(after)s ORDER BY id LIMIT %(page)s) AS s
LEFT JOIN LATERAL (
    SELECT q.state, q.stored FROM jobs_payload AS q WHERE q.run_id = s.run_id AND q.position = s.position OFFSET 0
) AS p ON true
ORDER BY s.id
