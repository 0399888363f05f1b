-- Lock a run that payloads are to be added to, and say what it is in. What is read of it afterwards, in the same transaction, is as new.
SELECT state FROM jobs_run WHERE id = %(run_id)s FOR NO KEY UPDATE
