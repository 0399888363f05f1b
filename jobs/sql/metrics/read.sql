-- The totals of a workspace within a stretch of time, by what group_by says: all of it as one, each hour, each day, or each job. grouped (see
-- grouped.sql) has what the totals do not hold yet. Pieces: which spans cover the stretch, from where to where. job_keys: an empty
-- one for the rows of all jobs together, null for those of each job.
-- OFFSET 0: a look into the index for each piece, whatever the statistics say.
-- In one snapshot with tail.sql: were the totals not where grouped begins, some runs would be counted twice or not at all.
, found AS MATERIALIZED (
    SELECT
        CASE %(group_by)s::text
            WHEN 'job' THEN job_key
            WHEN 'hour' THEN to_char(start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:00:00+00:00')
            WHEN 'day' THEN to_char(start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"00:00:00+00:00')
            ELSE ''
        END AS key, part.*
    FROM (
        SELECT t.job_key, t.start, t.succeeded, t.failed, t.cancelled, t.manual, t.api, t.schedule, t.job, t.rerun, t.payloads_succeeded,
            t.payloads_failed, t.payloads_cancelled, t.duration_ms, t.duration_most_ms, t.wait_ms, t.wait_most_ms, t.late, t.late_ms,
            t.late_most_ms, t.judged, t.met, t.spread
        FROM unnest(%(spans)s::text[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[]) AS piece (span, since, until), LATERAL (
            SELECT * FROM jobs_run_totals AS t
            WHERE t.workspace_id = %(workspace_id)s AND t.span = piece.span AND t.start >= piece.since AND t.start < piece.until
                AND CASE WHEN %(job_keys)s::text[] IS NULL THEN t.job_key <> '' ELSE t.job_key = ANY (%(job_keys)s::text[]) END
            OFFSET 0
        ) AS t
        UNION ALL
        SELECT g.job_key, g.hour, g.succeeded, g.failed, g.cancelled, g.manual, g.api, g.schedule, g.job, g.rerun, g.payloads_succeeded,
            g.payloads_failed, g.payloads_cancelled, g.duration_ms, g.duration_most_ms, g.wait_ms, g.wait_most_ms, g.late, g.late_ms,
            g.late_most_ms, g.judged, g.met, g.spread
        FROM grouped AS g
        WHERE g.hour >= %(first)s::timestamptz AND g.hour < %(last)s::timestamptz
            AND (%(group_by)s::text <> 'job' OR %(job_keys)s::text[] IS NULL OR g.job_key = ANY (%(job_keys)s::text[]))
    ) AS part
), summed AS MATERIALIZED (
    SELECT
        key, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed, sum(cancelled)::bigint AS cancelled,
        sum(manual)::bigint AS manual, sum(api)::bigint AS api, sum(schedule)::bigint AS schedule, sum(job)::bigint AS job,
        sum(rerun)::bigint AS rerun, sum(payloads_succeeded)::bigint AS payloads_succeeded, sum(payloads_failed)::bigint AS payloads_failed,
        sum(payloads_cancelled)::bigint AS payloads_cancelled, sum(duration_ms)::bigint AS duration_ms,
        max(duration_most_ms)::bigint AS duration_most_ms, sum(wait_ms)::bigint AS wait_ms, max(wait_most_ms)::bigint AS wait_most_ms,
        sum(late)::bigint AS late, sum(late_ms)::bigint AS late_ms, max(late_most_ms)::bigint AS late_most_ms,
        sum(judged)::bigint AS judged, sum(met)::bigint AS met
    FROM found
    GROUP BY key
), chosen AS MATERIALIZED (
    SELECT *, row_number() OVER (
        ORDER BY
            CASE %(order_by)s::text
                WHEN 'runs' THEN succeeded + failed + cancelled
                WHEN 'failed' THEN failed
                WHEN 'slowest' THEN duration_ms / GREATEST(succeeded + failed, 1)
                WHEN 'latest' THEN late_ms / GREATEST(late, 1)
                WHEN 'missed' THEN judged - met
            END DESC, key
    ) AS place
    FROM summed
    ORDER BY place LIMIT %(limit)s
), spread AS (
    SELECT key, jsonb_object_agg(bucket, number) AS spread
    FROM (
        SELECT found.key, one.key AS bucket, sum(one.value::bigint) AS number
        FROM chosen JOIN found ON found.key = chosen.key, jsonb_each_text(found.spread) AS one
        GROUP BY found.key, one.key
    ) AS each
    GROUP BY key
)
SELECT chosen.*, COALESCE(spread.spread, '{}') AS spread
FROM chosen LEFT JOIN spread ON spread.key = chosen.key
ORDER BY chosen.place
