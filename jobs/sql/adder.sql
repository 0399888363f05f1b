-- What a payload that wants to add others is in, and the number of its present attempt.
SELECT p.state, COALESCE(q.attempts, 0) + 1 AS attempt
FROM jobs_payload AS p LEFT JOIN jobs_requeued AS q ON q.run_id = p.run_id AND q.position = p.position
WHERE p.run_id = %(run_id)s AND p.position = %(position)s
