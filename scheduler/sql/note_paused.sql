-- nothing -> occurrence, for a schedule of a watched job that a policy has paused. Part of the transaction that pauses it.
INSERT INTO jobs_occurrence (workspace_id, job_id, kind, at, data)
SELECT s.workspace_id, s.job_id, 'schedule.paused', COALESCE(%(now)s::timestamptz, clock_timestamp()),
    jsonb_build_object('schedule', s.id, 'name', s.name, 'note', %(note)s::text)
FROM scheduler_schedule AS s
JOIN jobs_job AS j ON j.id = s.job_id AND j.watched
WHERE s.id = %(schedule_id)s::bigint
