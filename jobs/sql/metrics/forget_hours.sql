-- hours -> gone, a batch of those that are too old to be asked for by the hour. The days stay.
DELETE FROM jobs_run_totals WHERE ctid = ANY (ARRAY(
    SELECT old.ctid FROM jobs_workspace AS w, LATERAL (
        SELECT t.ctid FROM jobs_run_totals AS t
        WHERE t.workspace_id = w.id AND t.span = 'hour' AND t.start < %(before)s::timestamptz LIMIT %(limit)s
    ) AS old
    LIMIT %(limit)s
))
