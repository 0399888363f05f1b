-- A page of a workspace's notices by id, and which of them are old enough to be erased and have nothing before them: not to be sent
-- still, not among the newest of their rule, not about a run that goes on (it would be told of again).
SELECT n.id, n.delivery_id, n.created_at < %(before)s AND n.send_at IS NULL
    AND (%(job_ids)s::bigint[] IS NULL OR n.job_id = ANY (%(job_ids)s::bigint[]))
    AND NOT EXISTS (SELECT FROM sinks_delivery AS d WHERE d.id = n.delivery_id AND d.state = 'due')
    AND NOT EXISTS (SELECT FROM jobs_run AS r WHERE r.id = n.run_id AND r.ended_at IS NULL)
    AND (%(keep_newest)s = 0 OR n.id < (
        SELECT m.id FROM sinks_notice AS m WHERE m.rule_id = n.rule_id ORDER BY m.id DESC OFFSET GREATEST(%(keep_newest)s - 1, 0) LIMIT 1
    )) AS erasable,
    n.created_at < %(before)s AS old
FROM (
    SELECT * FROM sinks_notice WHERE workspace_id = %(workspace_id)s AND id > %(after)s ORDER BY id LIMIT %(page)s
) AS n
ORDER BY n.id
