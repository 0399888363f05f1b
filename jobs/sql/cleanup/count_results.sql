-- Payloads of these runs that have a result.
SELECT count(*) FROM unnest(%(run_ids)s::bigint[]) AS run (id),
    LATERAL (SELECT p.position FROM jobs_payload AS p WHERE p.run_id = run.id AND p.result IS NOT NULL OFFSET 0) AS p
