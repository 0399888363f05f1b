-- queued -> succeeded | failed for the first position of a strict lane's range; the rest of the range stays leased.
-- The run's row is only read: the outcome is counted on the lane, and report.sql carries the counts over at the range's end. So the
-- lanes of one run do not wait for each other's commits, and the commits of several can share one flush.
-- Fenced by (lane, sequence), as a report is. The whole key is given: joined to its lane, the payload may be sought by position alone.
WITH mine AS MATERIALIZED (
    SELECT id FROM jobs_lane
    WHERE id = %(lane_id)s AND run_id = %(run_id)s AND sequence = %(sequence)s AND low = %(position)s AND low < high
    FOR UPDATE
), done AS (
    UPDATE jobs_payload AS p
    SET state = %(state)s, attempts = %(attempts)s, started_at = %(started_at)s, ended_at = %(ended_at)s,
        result = %(result)s::jsonb, error = %(error)s::jsonb
    WHERE p.run_id = %(run_id)s AND p.position = %(position)s AND p.state = 'queued' AND EXISTS (SELECT 1 FROM mine)
    RETURNING p.state
), lane AS (
    UPDATE jobs_lane AS l
    SET sequence = l.sequence + 1, low = l.low + 1, reached = l.low + 1, progress = NULL,
        succeeded = l.succeeded + (SELECT count(*) FROM done WHERE state = 'succeeded'),
        failed = l.failed + (SELECT count(*) FROM done WHERE state = 'failed'),
        leased_at = t.now, lease_expires_at = t.now + %(lease)s::interval
    FROM mine, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE l.id = mine.id
    RETURNING l.run_id, l.low < l.high AS more
)
SELECT r.state, lane.more FROM lane JOIN jobs_run AS r ON r.id = lane.run_id
