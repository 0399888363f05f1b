-- Handles whose lane is gone, so that nobody looks after what they name: those of this host or of none, and forsaken ones of other hosts.
-- No index but the key: there are as many rows as child processes at work.
SELECT h.id, h.run_id, h.position, h.kind, h.host, h.data
FROM jobs_handle AS h
WHERE (h.host IN ('', %(host)s) OR h.created_at < COALESCE(%(now)s::timestamptz, clock_timestamp()) - %(forsaken_after)s::interval)
    AND h.id <> ALL (%(besides)s::bigint[])
    AND NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.id = h.lane)
ORDER BY h.id
LIMIT %(limit)s
