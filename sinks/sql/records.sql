-- The outcomes of a range of a run's payloads, in order of their positions.
SELECT position, name, kind, state, attempts, started_at, ended_at, result, error FROM jobs_payload
WHERE run_id = %(run_id)s AND position >= %(low)s AND position <= %(high)s AND state = ANY (%(states)s::text[])
    AND (%(names)s::text[] IS NULL OR name = ANY (%(names)s::text[]))
ORDER BY position
LIMIT %(take)s
