-- due with an attempt under way -> delivered | dead | due later, and how it stands with the sink. No row: the sink was taken from us,
-- and nothing is written.
-- That a delivery is due is said by its due time: said by its state, it would be looked for among all that are due.
-- A sink rests once `patience` attempts in a row have failed: 30 s, twice as long with each further failure, up to 5 minutes.
WITH held AS MATERIALIZED (
    SELECT sink_id, worker FROM sinks_standing
    WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL
    FOR NO KEY UPDATE
), outcome AS MATERIALIZED (
    SELECT o.*, h.worker
    FROM held AS h
    CROSS JOIN unnest(
        %(ids)s::bigint[], %(numbers)s::int[], %(states)s::text[], %(waits)s::float8[], %(bytes)s::bigint[], %(sha256)s::text[],
        %(receipts)s::jsonb[], %(errors)s::jsonb[]
    ) AS o (id, number, state, wait, bytes, sha256, receipt, error)
), settled AS (
    UPDATE sinks_delivery AS d
    SET state = o.state, attempted_at = NULL,
        due_at = CASE WHEN o.state = 'due' THEN t.now + o.wait * interval '1 second' END,
        ended_at = CASE WHEN o.state <> 'due' THEN t.now END,
        bytes = COALESCE(o.bytes, d.bytes), sha256 = COALESCE(o.sha256, d.sha256),
        receipt = COALESCE(o.receipt, d.receipt), error = o.error
    FROM outcome AS o, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE d.id = o.id AND d.due_at IS NOT NULL AND d.attempts = o.number
    RETURNING d.id
), failed AS (
    INSERT INTO sinks_failed_delivery (delivery_id, number, error, worker, started_at, ended_at)
    SELECT d.id, o.number, o.error, o.worker, COALESCE(d.attempted_at, clock_timestamp()), clock_timestamp()
    FROM outcome AS o JOIN sinks_delivery AS d ON d.id = o.id
    WHERE o.error IS NOT NULL
    ON CONFLICT DO NOTHING
)
UPDATE sinks_standing AS s
SET failures = CASE WHEN %(delivered)s > 0 THEN 0 ELSE s.failures + %(failed)s END,
    retry_at = CASE WHEN %(delivered)s = 0 AND %(failed)s > 0 AND s.failures + %(failed)s >= %(patience)s
        THEN clock_timestamp() + least(30 * 2 ^ least(s.failures + %(failed)s - %(patience)s, 10), 300) * interval '1 second' END,
    disabled_at = CASE WHEN %(gone)s <> '' THEN clock_timestamp() ELSE s.disabled_at END,
    disabled_reason = CASE WHEN %(gone)s <> '' THEN left(%(gone)s, 2000) ELSE s.disabled_reason END
FROM held
WHERE s.sink_id = held.sink_id
RETURNING s.retry_at IS NOT NULL OR s.disabled_at IS NOT NULL AS rests
