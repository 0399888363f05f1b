-- Only reads: the lanes that should have their turn before a message of the run %(run_id)s. Best first.
-- Within a workspace the more urgent runs come first. Between workspaces the one with fewer lanes at work does, whatever its runs'
-- priorities: or whoever calls everything urgent would have all workers. With as many lanes at work as one's own, one turn (served).
-- Runs of one payload that one message carries are worked one after another: those of a worker that have not begun count as one lane.
-- Shape: from workspace to workspace, and within each from its most urgent run on, by the index run_turn; the first hundred of each
-- are looked at, so that a hundred thousand that wait for a retry cost no more than a hundred. That index holds workspace_id + 0, so
-- that with old statistics none that holds workspace_id is taken for shorter. Each lane's run by its key: a join may
-- read every run there ever was. The whole order of the index, or the next workspace may be looked for in the history.
WITH RECURSIVE t AS MATERIALIZED (
    SELECT COALESCE(%(now)s::timestamptz, clock_timestamp()) AS now
), own AS MATERIALIZED (
    SELECT r.workspace_id, r.priority FROM jobs_run AS r WHERE r.id = %(run_id)s
), at_work AS MATERIALIZED (
    SELECT r.workspace_id, count(*) FILTER (WHERE l.reached >= 0) + count(DISTINCT l.worker) FILTER (WHERE l.reached < 0) AS lanes
    FROM jobs_lane AS l CROSS JOIN LATERAL (
        SELECT q.workspace_id FROM jobs_run AS q WHERE q.id = l.run_id AND q.queue = %(queue)s OFFSET 0
    ) AS r
    GROUP BY r.workspace_id
), workspace (id) AS (
    (
        SELECT r.workspace_id FROM jobs_run AS r
        WHERE r.queue = %(queue)s AND r.admitted AND r.wake_at IS NOT NULL
        ORDER BY r.workspace_id + 0, r.priority DESC, r.id LIMIT 1
    )
    UNION ALL
    SELECT next.workspace_id FROM workspace CROSS JOIN LATERAL (
        SELECT r.workspace_id FROM jobs_run AS r
        WHERE r.queue = %(queue)s AND r.admitted AND r.wake_at IS NOT NULL AND r.workspace_id + 0 > workspace.id
        ORDER BY r.workspace_id + 0, r.priority DESC, r.id LIMIT 1
    ) AS next
), entitled AS MATERIALIZED (
    SELECT workspace.id, COALESCE(theirs.lanes, 0) AS lanes, workspace.id = own.workspace_id AS is_own,
        CASE WHEN workspace.id = own.workspace_id THEN own.priority ELSE -1000 END AS above
    FROM own CROSS JOIN workspace
    LEFT JOIN at_work AS theirs ON theirs.workspace_id = workspace.id
    LEFT JOIN at_work AS ours ON ours.workspace_id = own.workspace_id
    WHERE workspace.id = own.workspace_id
        OR COALESCE(theirs.lanes, 0) + (workspace.id = ANY (%(served)s::bigint[]))::int <= COALESCE(ours.lanes, 0)
    ORDER BY workspace.id <> own.workspace_id, COALESCE(theirs.lanes, 0)
    LIMIT 50
)
SELECT entitled.id AS workspace_id, run.id AS run_id, run.slot, run.single, run.strict
FROM t CROSS JOIN entitled CROSS JOIN LATERAL (
    SELECT r.id, free.slot, r.total = 1 AND r.state = 'pending' AND r.next_position = 0 AS single, r.strict, r.priority
    FROM (
        SELECT a.id, a.state, a.total, a.cancelled, a.next_position, a.max_lanes, a.strict, a.priority, a.expires_at, a.job_id, a.group_id,
            a.rate_interval_ms
        FROM jobs_run AS a
        WHERE a.queue = %(queue)s AND a.workspace_id + 0 = entitled.id AND a.priority > entitled.above AND a.admitted AND a.wake_at IS NOT NULL
        ORDER BY a.priority DESC, a.id
        LIMIT 100
    ) AS r
    CROSS JOIN LATERAL (
        SELECT s.slot FROM generate_series(0, LEAST(r.max_lanes, r.total) - 1) AS s (slot)
        WHERE NOT EXISTS (SELECT 1 FROM jobs_lane AS l WHERE l.run_id = r.id AND l.slot = s.slot OFFSET 0)
        LIMIT 1
    ) AS free
    LEFT JOIN jobs_group AS g ON g.id = r.group_id
    WHERE r.state IN ('pending', 'running', 'resuming')
        AND (r.state <> 'pending' OR r.expires_at IS NULL OR r.expires_at > t.now)
        AND (
            r.next_position < r.total - r.cancelled
            OR EXISTS (SELECT 1 FROM jobs_requeued AS q WHERE q.run_id = r.id AND q.lane_id IS NULL AND q.due_at <= t.now OFFSET 0)
        )
        AND (g."limit" IS NULL OR g."limit" > (
            SELECT count(*) FROM jobs_lane AS l WHERE l.group_id = g.id AND l.group_slot IS NOT NULL
        ))
        AND (r.rate_interval_ms IS NULL OR NOT EXISTS (
            SELECT 1 FROM jobs_rate AS k WHERE k.key = 'job:' || r.job_id AND k.next_at > t.now + interval '1 s' OFFSET 0
        ))
        AND (g.rate_interval_ms IS NULL OR NOT EXISTS (
            SELECT 1 FROM jobs_rate AS k WHERE k.key = 'group:' || g.id AND k.next_at > t.now + interval '1 s' OFFSET 0
        ))
    LIMIT 20
) AS run
ORDER BY entitled.is_own DESC, entitled.lanes, run.priority DESC, run.id
