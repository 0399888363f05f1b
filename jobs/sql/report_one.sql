-- queued -> succeeded | failed for the first position of a strict lane's range; the rest of the range stays leased.
-- The run's row is only read: the outcome is counted on the lane, and report.sql carries the counts over at the range's end. So the
-- lanes of one run do not wait for each other's commits, and the commits of several can share one flush.
-- Fenced by (lane, sequence), as a report is. The lane goes first, so that an outcome that comes too late finds no lane and writes
-- nothing; while the lane is ours nobody else writes its payload, so what the payload was when we looked says what is counted.
-- The whole key is given: joined to its lane, the payload may be sought by position alone.
WITH lane AS (
    UPDATE jobs_lane AS l
    SET sequence = l.sequence + 1, low = l.low + 1, reached = l.low + 1, progress = NULL, time_extensions = NULL,
        succeeded = l.succeeded + (queued.found AND %(state)s = 'succeeded')::int, failed = l.failed + (queued.found AND %(state)s = 'failed')::int,
        leased_at = t.now, lease_expires_at = t.now + %(lease)s::interval
    FROM (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t, (
        SELECT EXISTS (SELECT 1 FROM jobs_payload AS q WHERE q.run_id = %(run_id)s AND q.position = %(position)s AND q.state = 'queued') AS found
    ) AS queued
    WHERE l.id = %(lane_id)s AND l.run_id = %(run_id)s AND l.sequence = %(sequence)s AND l.low = %(position)s AND l.low < l.high
    RETURNING l.run_id, l.low < l.high AS more
), done AS (
    UPDATE jobs_payload AS p
    SET state = %(state)s, attempts = %(attempts)s, started_at = %(started_at)s, ended_at = %(ended_at)s,
        result = %(result)s::jsonb, stored = %(stored)s::jsonb, error = %(error)s::jsonb
    WHERE p.run_id = %(run_id)s AND p.position = %(position)s AND p.state = 'queued' AND EXISTS (SELECT 1 FROM lane)
)
SELECT r.state, lane.more, GREATEST(r.total - r.cancelled - r.next_position, 0) AS left_over FROM lane JOIN jobs_run AS r ON r.id = lane.run_id
