-- Up to where runs are in the totals, and up to where those that ended since are counted by who reads: that many of them at most, for
-- after a long outage the sweeps have to catch up first. The cursor may not be there yet.
WITH cursor AS (
    SELECT COALESCE((SELECT rolled_until FROM jobs_roll_cursor), '1970-01-01Z') AS rolled_until
)
SELECT cursor.rolled_until, LEAST(
    %(until)s::timestamptz, clock_timestamp(),
    (SELECT r.ended_at FROM jobs_run AS r WHERE r.ended_at >= cursor.rolled_until ORDER BY r.ended_at OFFSET %(limit)s LIMIT 1)
)
FROM cursor
