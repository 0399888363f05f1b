-- Up to when every run's end can be seen by the next statement: a run that ended before, in a transaction that is not over yet, would be
-- missed for good. Who ends a run holds a lock on the table from before it reads the clock until after its commit can be seen; so
-- a transaction that this statement does not find ends its runs later than the statement began, or can be seen by the next one. Of one
-- that it finds, the runs ended after its beginning. Who still waits for that lock (granted is false) has not begun its statement: all
-- locks of a statement are had before it reads the clock, so its runs will end later than this one began. statement_timestamp, and not clock_timestamp: it was read before the locks are.
-- Whose beginning is hidden from this role (of others, without pg_read_all_stats) may have begun five minutes ago; the engine's sessions
-- end their statements after one. The margin is for clocks that are set right meanwhile.
SELECT LEAST(
    statement_timestamp() - %(margin)s::interval,
    (
        SELECT min(COALESCE(a.xact_start, statement_timestamp() - interval '5 min'))
        FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.locktype = 'relation' AND l.relation = 'jobs_run'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.pid <> pg_backend_pid()
    )
)
