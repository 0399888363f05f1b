-- How runs ended, for the few that a process closed which does not know the column: during a deploy, one of the version before. The
-- index of those is empty at all other times. Rows that somebody has locked are left for the next pass.
UPDATE jobs_run SET outcome = state
WHERE id = ANY (ARRAY(
    SELECT id FROM jobs_run WHERE ended_at IS NOT NULL AND outcome IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
