-- Those of these runs of which something is still to be delivered. In such words that the indexes of all that is due or open do not look as good
-- as those by run. OFFSET 0: a look into the index for each run, and no table of all runs that owe.
SELECT run.id FROM unnest(%(run_ids)s::bigint[]) AS run (id)
WHERE EXISTS (SELECT FROM sinks_handover AS h WHERE h.run_id = run.id AND h.total - h.next_position > 0 OFFSET 0)
    OR EXISTS (SELECT FROM sinks_delivery AS d WHERE d.run_id = run.id AND num_nonnulls(d.due_at) = 1 OFFSET 0)
