-- Where a batch ends that begins at a time: before the run that is one too many, or where nothing later is settled yet. If more than that
-- ended in one microsecond, the batch has them all.
SELECT COALESCE(
    (
        SELECT GREATEST(ended_at, %(since)s::timestamptz + interval '1 microsecond') FROM jobs_run
        WHERE ended_at >= %(since)s::timestamptz AND ended_at < %(until)s::timestamptz
        ORDER BY ended_at OFFSET %(limit)s LIMIT 1
    ),
    %(until)s::timestamptz
)
