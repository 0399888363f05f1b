-- Handles whose lane is gone, so that nobody looks after what they name: those of this host or of none, and forsaken ones of other hosts.
-- One that lasts is no orphan while its payload waits for another attempt or another look: that finds it again.
-- No index but the key: there are as many rows as child processes at work.
SELECT h.id, h.run_id, h.position, h.kind, h.host, h.data
FROM jobs_handle AS h
WHERE (h.host IN ('', %(host)s) OR h.created_at < COALESCE(%(now)s::timestamptz, clock_timestamp()) - %(forsaken_after)s::interval)
    AND h.id <> ALL (%(besides)s::bigint[])
    AND NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.id = h.lane)
    AND NOT (h.lasting AND EXISTS (SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = h.run_id AND q.position = h.position OFFSET 0))
ORDER BY h.id
LIMIT %(limit)s
