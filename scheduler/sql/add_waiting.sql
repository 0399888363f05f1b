-- nothing -> waiting: a fire that the end of a run calls for; the same end calls once.
INSERT INTO scheduler_fire (schedule_id, fire_at, cause, state, reason, detail, due_at, parameters)
VALUES (
    %(schedule_id)s::bigint, %(fire_at)s::timestamptz, %(cause)s, 'waiting', '', '', %(due_at)s::timestamptz, %(parameters)s::jsonb
)
ON CONFLICT (schedule_id, fire_at, cause) DO NOTHING
