-- queued -> succeeded | failed | cancelled for the outcomes of one lane's range; then the lane's next range. One statement, one commit.
-- Fenced by (lane, sequence): a lane that was taken back, or a report that was sent before, changes nothing and returns no row.
-- Shape: each payload is found by its whole key and then by its ctid, which only the lane's owner can move; a plain join may be
-- planned from the run's side, reading every payload of the run for each report. The same for the single row of `granted`.
-- With keep_from the lane keeps what is left of its range from there on, and is given it again. What report_one.sql counted on the lane
-- moves to the run.
-- early: said by the heartbeat, while a payload of that rest is at work: what is known of its attempt stays.
-- Leasing ends at total - cancelled: in a run that is not being ended, what is cancelled is the tail beyond max_payloads (extend_run.sql).
-- width: of the range. Payloads that were added while this statement waited for the run's row are in the range and cannot be seen here.
-- held_until: where the old range ended; the heartbeat may have shed what lay behind it (shed_range.sql).
-- Counters move by the rows that really changed. An ended or stopped run leases nothing: its state is read under its row lock.
WITH mine AS MATERIALIZED (
    SELECT id, run_id, high, succeeded, failed FROM jobs_lane WHERE id = %(lane_id)s AND sequence = %(sequence)s FOR UPDATE
), done AS (
    UPDATE jobs_payload AS p
    SET state = o.state, attempts = o.attempts, started_at = o.started_at, ended_at = o.ended_at,
        result = o.result, stored = o.stored, error = o.error
    FROM mine, json_to_recordset(%(finals)s::json) AS o (
        position int, state text, attempts smallint, started_at timestamptz, ended_at timestamptz, result jsonb, stored jsonb,
        error jsonb
    ), LATERAL (
        SELECT q.ctid FROM jobs_payload AS q WHERE q.run_id = mine.run_id AND q.position = o.position AND q.state = 'queued' OFFSET 0
    ) AS q
    WHERE p.ctid = q.ctid
    RETURNING p.state
), counted AS (
    SELECT count(*) FILTER (WHERE state = 'succeeded') AS succeeded, count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'cancelled') AS cancelled
    FROM done
), run AS (
    UPDATE jobs_run AS r
    SET succeeded = r.succeeded + counted.succeeded + mine.succeeded, failed = r.failed + counted.failed + mine.failed,
        cancelled = r.cancelled + counted.cancelled,
        next_position = r.next_position + CASE WHEN r.state = 'running' THEN %(take)s ELSE 0 END
    FROM mine, counted
    WHERE r.id = mine.run_id
    RETURNING r.id, r.state, r.succeeded + r.failed + r.cancelled >= r.total AS complete,
        GREATEST(r.total - r.cancelled - r.next_position, 0) AS left_over, LEAST(r.next_position, r.total - r.cancelled) AS high,
        LEAST(r.next_position - CASE WHEN r.state = 'running' THEN %(take)s ELSE 0 END, r.total - r.cancelled) AS low
), lane AS (
    UPDATE jobs_lane AS l
    SET sequence = l.sequence + 1, succeeded = 0, failed = 0,
        low = COALESCE(%(keep_from)s::int, run.low),
        reached = CASE WHEN %(keep_from)s::int IS NULL THEN run.low ELSE GREATEST(l.reached, %(keep_from)s::int) END,
        high = CASE WHEN %(keep_from)s::int IS NULL THEN run.high ELSE l.high END,
        progress = CASE WHEN %(early)s THEN l.progress END, time_extensions = CASE WHEN %(early)s THEN l.time_extensions END,
        leased_at = CASE WHEN %(early)s THEN l.leased_at ELSE t.now END, lease_expires_at = t.now + %(lease)s::interval
    FROM run, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE l.id = %(lane_id)s
    RETURNING l.low, l.high, t.now
), granted AS MATERIALIZED (
    SELECT run.id, run.state, run.complete, run.left_over, (SELECT high FROM mine) AS held_until, lane.low, lane.high, EXISTS (
        SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = run.id AND q.lane_id IS NULL AND q.due_at <= lane.now
    ) AS due
    FROM run CROSS JOIN lane
)
SELECT granted.state, granted.complete, granted.due, granted.left_over, granted.held_until, granted.high - granted.low AS width,
    p.position, p.kind, p.name, p.parameters, p.options
FROM granted
LEFT JOIN jobs_payload AS p ON p.run_id = granted.id AND p.position >= granted.low AND p.position < granted.high AND p.state = 'queued'
ORDER BY p.position
