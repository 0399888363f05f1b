-- held -> gone: positions that were requeued once and have their outcome now. Part of a report's transaction.
DELETE FROM jobs_requeued WHERE run_id = %(run_id)s AND position = ANY (%(positions)s::int[]) AND lane_id = %(lane_id)s
