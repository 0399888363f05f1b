-- How it stands with what a run owes: an entry a row, by its place. `waiting` payloads are in no delivery yet.
SELECT h.place, h.name, h.total - h.next_position AS waiting,
    count(d.id) FILTER (WHERE d.state = 'due') AS due,
    count(d.id) FILTER (WHERE d.state = 'delivered') AS delivered,
    count(d.id) FILTER (WHERE d.state = 'dead') AS dead
FROM sinks_handover AS h
LEFT JOIN sinks_delivery AS d ON d.handover_id = h.id
WHERE h.run_id = %(run_id)s
GROUP BY h.id
ORDER BY h.place
