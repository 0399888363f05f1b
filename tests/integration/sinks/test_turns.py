"""Every sink has its turn, and a turn ends when there is a reason to."""

from __future__ import annotations

import datetime as dt

from sinks import claims
from sinks.models import Sink
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from workers.delivering import MOST_SINKS

SECOND = dt.timedelta(seconds=1)


def take_turns(count: int) -> list[int]:
    """Let so many sinks have a turn in which nothing is done; which ones."""
    turns = []
    for due in claims.due_sinks(limit=count):
        assert due.sink_id is not None
        held = claims.take_sink(sink_id=due.sink_id, worker="host:1", lease=30 * SECOND)
        assert held is not None
        claims.leave_sink(held=held)
        turns.append(due.sink_id)
    return turns


class TestMoreSinksThanThreads:
    def test_each_has_its_turn_although_the_others_still_have_something(self, target: Target) -> None:
        end_run(make_job(*({"kind": "obedient", "name": f"s{at}"} for at in range(2 * MOST_SINKS + 3))))
        turns = [sink_id for _ in range(3) for sink_id in take_turns(MOST_SINKS)]
        assert set(turns) == set(Sink.objects.values_list("pk", flat=True))
        assert len(set(turns[: 2 * MOST_SINKS])) == 2 * MOST_SINKS

    def test_one_whose_holder_vanished_is_behind_those_that_were_not_taken(self, target: Target) -> None:
        end_run(make_job({"kind": "obedient", "name": "first"}, {"kind": "obedient", "name": "second"}))
        [first, second] = Sink.objects.order_by("pk")
        claims.take_sink(sink_id=first.pk, worker="host:1", lease=-SECOND)
        assert [due.sink_id for due in claims.due_sinks(limit=10)] == [second.pk, first.pk]
