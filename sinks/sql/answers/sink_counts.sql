-- What each of these sinks is owed, and what was given up: counted up to a bound, so that the worst backlog costs little.
SELECT k.id,
    (SELECT count(*) FROM (SELECT FROM sinks_delivery AS d WHERE d.sink_id = k.id AND d.state = 'due' LIMIT %(most)s) AS c) AS due,
    (SELECT count(*) FROM (SELECT FROM sinks_delivery AS d WHERE d.sink_id = k.id AND d.state = 'dead' LIMIT %(most)s) AS c) AS dead
FROM unnest(%(sink_ids)s::bigint[]) AS k (id)
