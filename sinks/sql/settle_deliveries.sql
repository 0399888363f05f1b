-- due with an attempt under way -> delivered | dead | due later, and how it stands with the sink. No row: the sink was taken from us,
-- and nothing is written. What is said twice is written, and counted, once.
-- That a delivery is due is said by its due time: said by its state, it would be looked for among all that are due.
-- A sink rests once `patience` attempts in a row have failed that speak against it: 30 s, twice as long each time without a delivery in
-- between, up to 5 minutes. A turn makes it rest once, however many of its attempts still fail then.
-- Of a sink that was changed since it was taken only the deliveries are written: what was wrong with it may be mended.
WITH held AS MATERIALIZED (
    SELECT sink_id, worker, failures, version > %(version)s AS changed, COALESCE(retry_at > last_turn_at, false) AS rests
    FROM sinks_standing
    WHERE sink_id = %(sink_id)s AND token = %(token)s AND lease_expires_at IS NOT NULL
    FOR NO KEY UPDATE
), outcome AS MATERIALIZED (
    SELECT o.*, CASE WHEN o.lost THEN '' ELSE h.worker END AS worker
    FROM held AS h
    CROSS JOIN unnest(
        %(ids)s::bigint[], %(numbers)s::int[], %(states)s::text[], %(waits)s::float8[], %(bytes)s::bigint[], %(sha256)s::text[],
        %(receipts)s::jsonb[], %(errors)s::jsonb[], %(charged)s::bool[], %(lost)s::bool[]
    ) AS o (id, number, state, wait, bytes, sha256, receipt, error, charged, lost)
), settled AS (
    UPDATE sinks_delivery AS d
    SET state = o.state, attempted_at = NULL, losses = CASE WHEN o.lost THEN d.losses + 1 ELSE 0 END,
        due_at = CASE WHEN o.state = 'due' THEN t.now + o.wait * interval '1 second' END,
        ended_at = CASE WHEN o.state <> 'due' THEN t.now END,
        bytes = COALESCE(o.bytes, d.bytes), sha256 = COALESCE(o.sha256, d.sha256),
        receipt = COALESCE(o.receipt, d.receipt), error = o.error
    FROM outcome AS o, (SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now) AS t
    WHERE d.id = o.id AND d.due_at IS NOT NULL AND d.attempts = o.number AND d.attempted_at IS NOT NULL
    RETURNING d.id, o.state, o.charged
), failed AS (
    INSERT INTO sinks_failed_delivery (delivery_id, number, error, worker, started_at, ended_at)
    SELECT d.id, o.number, o.error, o.worker, COALESCE(d.attempted_at, clock_timestamp()), clock_timestamp()
    FROM outcome AS o JOIN sinks_delivery AS d ON d.id = o.id
    WHERE o.error IS NOT NULL
    ON CONFLICT DO NOTHING
), verdict AS (
    SELECT h.sink_id, h.changed, NOT h.changed AND c.delivered > 0 AS works, CASE WHEN h.changed THEN 0 ELSE c.failed END AS failed,
        NOT h.changed AND NOT h.rests AND c.delivered = 0 AND c.failed > 0 AND h.failures + c.failed >= %(patience)s AS tires
    FROM held AS h, (
        SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered, count(*) FILTER (WHERE charged) AS failed FROM settled
    ) AS c
)
UPDATE sinks_standing AS s
SET failures = CASE WHEN v.works THEN 0 ELSE s.failures + v.failed END,
    rests = CASE WHEN v.works THEN 0 ELSE s.rests + v.tires::int END,
    retry_at = CASE
        WHEN v.tires THEN COALESCE(%(now)s::timestamptz, clock_timestamp()) + least(30 * 2 ^ least(s.rests, 10), 300) * interval '1 second'
        WHEN NOT v.works THEN s.retry_at
    END,
    disabled_at = CASE WHEN %(gone)s <> '' AND NOT v.changed THEN clock_timestamp() ELSE s.disabled_at END,
    disabled_reason = CASE WHEN %(gone)s <> '' AND NOT v.changed THEN left(%(gone)s, 2000) ELSE s.disabled_reason END
FROM verdict AS v
WHERE s.sink_id = v.sink_id
RETURNING v.changed OR s.disabled_at IS NOT NULL OR COALESCE(s.retry_at > s.last_turn_at, false) AS over
