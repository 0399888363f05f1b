"""Adding payloads to a run: at its end, once a key, never beyond its limit, and never to a run that could close meanwhile."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from jobs.errors import ConflictError, NotFoundError, ValidationError
from jobs.models import Event, Lane, Payload, Requeued, Run
from jobs.services import control, extending
from jobs.services.extending import Extension
from tests.integration.engine.adding import extend, extend_in_thread
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    done,
    fresh,
    lease,
    make_run,
    plain,
    rows_of,
    take,
    together,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

WRITTEN = (Run, Payload, Event, Lane)


def keyed(*keys: str) -> list[dict[str, Any]]:
    """One payload for each key."""
    return [{"kind": "scripted", "key": key} for key in keys]


class TestWhatIsAdded:
    def test_it_lies_at_the_end_as_it_was_written(self) -> None:
        run, other = make_run(plain(2)), make_run(plain(2))
        lease(take(run), 1)
        item = {"kind": "scripted", "name": "late", "parameters": {"takes": 1}, "timeout": "9s", "key": "a"}
        assert extend(run, [{"kind": "scripted"}, item], parent=0) == Extension(2, 0, 2)
        plainly, late = Payload.objects.filter(run=run, position__gte=2).order_by("position")
        assert (plainly.name, plainly.parameters, plainly.options, plainly.key) == ("", {}, None, None)
        assert (late.position, late.name, late.parameters) == (3, "late", {"takes": 1})
        assert (late.options, late.key) == ({"timeout": "9s"}, "a")
        assert {(row.parent, row.state, row.attempts, row.ended_at) for row in (plainly, late)} == {
            (0, "queued", 0, None)
        }
        assert (fresh(run).total, fresh(other).total) == (4, 2)

    def test_the_event_says_who_and_how_many(self) -> None:
        run = make_run(plain(1), max_payloads=2)
        extend(run, plain(3))
        event = Event.objects.get(run=run, kind="run.extended")
        assert (event.actor, event.data) == ("ann", {"parent": None, "added": 1, "cancelled": 2})
        assert (event.workspace_id, event.job_id) == (run.workspace_id, run.job_id)

    def test_nothing_is_no_event(self) -> None:
        run = make_run(plain(1))
        before = rows_of(*WRITTEN)
        assert extend(run, []) == Extension(0, 0, None)
        assert rows_of(*WRITTEN) == before

    def test_ten_thousand_are_added_once(self) -> None:
        """How fast is measured by the benchmark ``control``."""
        run = make_run(plain(1))
        lease(take(run), 1)
        items = [{"kind": "scripted", "parameters": {"takes": 0.1}, "key": f"k{n}"} for n in range(10_000)]
        assert extend(run, items, parent=0).added == 10_000
        assert extend(run, items, parent=0) == Extension(0, 0, None)


class TestKeys:
    def test_one_that_the_run_has_is_left_out_and_leaves_no_hole(self) -> None:
        run, other = make_run(plain(1)), make_run(plain(1))
        extend(other, keyed("b"))
        extend(run, keyed("a", "c"))
        assert extend(run, keyed("a", "b", "c", "d")) == Extension(2, 0, 3)
        rows = Payload.objects.filter(run=run).order_by("position").values_list("position", "key")
        assert list(rows) == [(0, None), (1, "a"), (2, "c"), (3, "b"), (4, "d")]
        assert fresh(run).total == 5

    def test_twice_in_one_list_counts_once_and_none_is_no_key(self) -> None:
        run = make_run(plain(1))
        extend(run, [*keyed("a", "b", "a"), *plain(2), *keyed("b")])
        assert list(Payload.objects.filter(run=run).order_by("position").values_list("key", flat=True)) == [
            *[None, "a", "b"],
            *[None, None],
        ]

    def test_two_at_once_add_them_once(self) -> None:
        run = make_run(plain(1))
        items = keyed(*(f"k{n}" for n in range(50)))
        results = together([partial(extend_in_thread, run, items) for _ in range(4)])
        assert sorted(result.added for result in results) == [0, 0, 0, 50]
        assert fresh(run).total == Payload.objects.filter(run=run).count() == 51


class TestRefusals:
    def refused(self, run: Run, message: str, kind: type[Exception] = ConflictError, **by: Any) -> None:
        before = rows_of(*WRITTEN)
        with pytest.raises(kind, match=message):
            extend(run, plain(1), **by)
        assert rows_of(*WRITTEN) == before

    def test_a_run_that_has_ended(self, broker: Broker) -> None:
        run = make_run(plain(2))
        broker.deliver_all()
        self.refused(run, rf"run {run.pk} has ended \(succeeded\): nothing can be added")

    def test_a_run_that_is_being_cancelled(self) -> None:
        run = make_run(plain(2))
        lease(take(run), 1)
        control.terminate_run(run=run, actor="ann")
        self.refused(run, "is being cancelled", parent=0)

    def test_a_payload_that_has_its_outcome(self) -> None:
        run = make_run(plain(2))
        lane = take(run)
        lease(lane, 1)
        lease(lane, 1, done([0]))
        self.refused(run, f"payload 0 of run {run.pk} has succeeded", parent=0)
        assert extend(run, plain(1), parent=1).added == 1

    def test_a_payload_or_a_run_that_there_is_not(self) -> None:
        run = make_run(plain(2))
        self.refused(run, f"run {run.pk} has no payload 2", NotFoundError, parent=2)
        with pytest.raises(NotFoundError, match="there is no run 0"):
            extending.extend_run(run_id=0, parent=None, attempt=None, items=[], actor="ann")

    def test_an_attempt_that_is_over(self) -> None:
        run = make_run(plain(2))
        lease(take(run), 1)
        assert extend(run, plain(1), parent=0, attempt=1).added == 1
        Requeued.objects.create(run=run, position=0, attempts=1, due_at=run.created_at)
        self.refused(run, "attempt 1 at payload 0 .* is over", parent=0, attempt=1)
        assert extend(run, plain(1), parent=0, attempt=2).added == 1

    def test_payloads_that_a_document_would_not_take_and_says_which_field(self) -> None:
        run = make_run(plain(1))
        before = rows_of(*WRITTEN)
        items = [
            {"kind": "scripted"},
            {"kind": "nonsense"},
            {"kind": "scripted", "parameters": {"fails": "many"}},
            {"kind": "http"},
        ]
        with pytest.raises(ValidationError) as caught:
            extend(run, items)
        fields = [error.field for error in caught.value.errors]
        assert fields == ["payload.1.kind", "payload.2.parameters.fails", "payload.3.parameters.url", "payload.3.kind"]
        assert "executes in batches" in caught.value.errors[-1].message
        assert rows_of(*WRITTEN) == before
