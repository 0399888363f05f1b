-- The service levels that runs were begun with which ended within a stretch of time, each once, as they were written.
SELECT DISTINCT (r.snapshot -> 'configuration' -> 'sla')::text AS sla FROM jobs_run AS r
WHERE r.ended_at >= %(since)s::timestamptz AND r.ended_at < %(until)s::timestamptz AND r.trigger <> 'replay'
    AND (%(workspace_id)s::bigint IS NULL OR r.workspace_id = %(workspace_id)s::bigint)
    AND (%(job_key)s::text = '' OR r.job_key = %(job_key)s::text)
    AND jsonb_typeof(r.snapshot -> 'configuration' -> 'sla') = 'object'
