-- What each payload of a range of positions came to: what decides whether it is delivered.
SELECT position, name, state FROM jobs_payload
WHERE run_id = %(run_id)s AND position >= %(low)s AND position < %(high)s
ORDER BY position
