-- How each of these users stands to the workspace beside them: their role, 'owner' for a superuser, 'none' without a membership, 'inactive'
-- or 'gone'. A batch of schedules has few pairs of them.
SELECT asked.user_id, asked.workspace_id, u.username,
    CASE
        WHEN u.id IS NULL THEN 'gone'
        WHEN NOT u.is_active THEN 'inactive'
        WHEN u.is_superuser THEN 'owner'
        ELSE COALESCE(m.role, 'none')
    END AS standing
FROM unnest(%(user_ids)s::bigint[], %(workspace_ids)s::bigint[]) AS asked (user_id, workspace_id)
LEFT JOIN auth_user AS u ON u.id = asked.user_id
LEFT JOIN jobs_membership AS m ON m.user_id = asked.user_id AND m.workspace_id = asked.workspace_id
