-- Why these deliveries of a workspace were not made again, each with a word; those that the workspace does not have are not among them.
SELECT d.id,
    CASE
        WHEN d.due_at IS NOT NULL THEN 'due'
        WHEN r.results_erased_at IS NOT NULL THEN 'erased'
        ELSE 'no_sink'
    END AS reason
FROM sinks_delivery AS d
LEFT JOIN jobs_run AS r ON r.id = d.run_id
WHERE d.id = ANY (%(ids)s::bigint[]) AND COALESCE(r.workspace_id, d.workspace_id) = %(workspace_id)s
ORDER BY d.id
