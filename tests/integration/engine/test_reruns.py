"""Reruns: which payloads, on which definition, under whose limits; and what cannot be run again."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext

from jobs import hotpath
from jobs.claims import limits
from jobs.errors import ConflictError, NotFoundError
from jobs.models import Event, FollowUp, Job, Payload, Run
from jobs.services import admission, control
from jobs.services.groups import delete_group, save_group
from jobs.services.jobs import delete_job, save_job
from jobs.services.reruns import replay, rerun
from jobs.services.runs import start_run
from jobs.states import Trigger
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import (
    counts,
    fresh,
    in_thread,
    make_job,
    plain,
    rows_of,
    scripts,
    until_somebody_waits,
)
from tests.integration.engine.test_start_runs import closing_connection

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.fixture
def finished(broker: Broker) -> Run:
    """A failed run: of its four payloads the second and the fourth failed."""
    bad: dict[str, Any] = {"permanent": True}
    job = make_job(
        [
            *scripts({"result": 0}, name="zero", timeout="3s"),
            *scripts(bad, name="one", retry={"maximum_attempts": 1}),
            *scripts({"result": 2}, name="two"),
            *scripts(bad, name="three"),
        ],
        max_concurrent_requests=2,
        priority=4,
        start_timeout="5m",
        run_timeout="7m",
    )
    run_id = start_run(job=job, trigger=Trigger.API, parameters={"city": "Ankh"}, actor="ada")
    broker.deliver_all()
    assert counts(run_id) == (2, 2, 0)
    return fresh(run_id)


NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def job_of(run: Run) -> Job:
    return Job.objects.get(runs=run)


def change(run: Run, **parts: Any) -> Job:
    """Give the run's job another document."""
    job = job_of(run)
    return save_job(workspace=job.workspace, document=job.document() | parts, actor="test")


def names(run_id: int) -> list[tuple[int, str]]:
    return list(Payload.objects.filter(run=run_id).order_by("position").values_list("position", "name"))


def again(run: Run, **more: Any) -> Run:
    return fresh(rerun(run=run, actor="eve", **more))


class TestEverything:
    def test_the_new_run_names_the_old_one_and_says_who_and_why(self, finished: Run, broker: Broker) -> None:
        new = again(finished, comment="try again")
        assert (new.origin_id, new.trigger, new.actor, new.comment) == (finished.pk, "rerun", "eve", "try again")
        assert (new.state, new.total, new.job_id, new.parameters) == ("pending", 4, finished.job_id, {"city": "Ankh"})
        event = Event.objects.get(run=new.pk)
        assert (event.kind, event.actor, event.data["trigger"]) == ("run.created", "eve", "rerun")
        assert sorted(broker.lanes()) == [(new.pk, 0), (new.pk, 1)]

    def test_it_runs_and_the_old_one_stays_as_it_was(self, finished: Run, broker: Broker) -> None:
        before = model_to_dict(fresh(finished))
        new = again(finished)
        broker.deliver_all()
        assert (fresh(new).state, counts(new)) == ("failed", (2, 2, 0))
        assert (model_to_dict(fresh(finished)), counts(finished)) == (before, (2, 2, 0))

    def test_on_the_jobs_present_definition(self, finished: Run) -> None:
        change(finished, payload=plain(3), configuration={"max_concurrent_requests": 1, "priority": 9})
        new = again(finished)
        assert (new.total, new.max_lanes, new.priority) == (3, 1, 9)
        assert (new.expires_at, new.run_timeout) == (None, None)
        assert new.snapshot["version"] == 2

    def test_on_the_snapshot(self, finished: Run) -> None:
        change(finished, payload=plain(3), configuration={"max_concurrent_requests": 1, "priority": 9})
        new = again(finished, definition="snapshot")
        assert names(new.pk) == [(0, "zero"), (1, "one"), (2, "two"), (3, "three")]
        assert (new.snapshot, new.max_lanes, new.priority) == (finished.snapshot, 2, 4)
        assert (new.queue, new.strict) == (finished.queue, finished.strict)
        assert new.expires_at == new.created_at + dt.timedelta(minutes=5)
        assert new.run_timeout == dt.timedelta(minutes=7)
        rows = list(Payload.objects.filter(run=new.pk).order_by("position"))
        old = list(Payload.objects.filter(run=finished.pk).order_by("position"))
        assert [(row.kind, row.parameters, row.options) for row in rows] == [
            (row.kind, row.parameters, row.options) for row in old
        ]
        assert {(row.state, row.attempts, row.ended_at, row.error) for row in rows} == {("queued", 0, None, None)}

    def test_on_the_snapshot_it_counts_against_the_same_group_which_cannot_be_deleted_meanwhile(
        self, finished: Run
    ) -> None:
        group = save_group(workspace=finished.workspace, name="api", limit=1, rate=None, actor="ada")
        Run.objects.filter(pk=finished.pk).update(group=group)
        with transaction.atomic():
            new = again(finished, definition="snapshot")
            deleting = in_thread(lambda: closing_connection(lambda: delete_group(group=group, actor="ada")))
            until_somebody_waits()
        with pytest.raises(ConflictError, match="1 active run"):
            deleting()
        assert new.group_id == group.pk

    def test_on_the_snapshot_without_the_group_where_that_is_gone(self, finished: Run) -> None:
        group = save_group(workspace=finished.workspace, name="api", limit=1, rate=None, actor="ada")
        Run.objects.filter(pk=finished.pk).update(group=group)
        delete_group(group=group, actor="ada")
        assert again(finished, definition="snapshot").group_id is None

    def test_what_was_added_to_the_run_is_left_to_be_added_again(self, finished: Run) -> None:
        Payload.objects.filter(run=finished.pk, position=3).update(parent=0, key="k")
        assert names(again(finished, definition="snapshot").pk) == [(0, "zero"), (1, "one"), (2, "two")]

    def test_with_other_parameters(self, finished: Run) -> None:
        for definition in ("present", "snapshot"):
            new = again(finished, definition=definition, parameters={"city": "Morpork"})
            assert new.parameters == {"city": "Morpork"}


class TestWhatFailed:
    def test_only_failed_and_cancelled_payloads_in_their_order(self, finished: Run, broker: Broker) -> None:
        Payload.objects.filter(run=finished.pk, position=0).update(state="cancelled")
        new = again(finished, which="failed")
        assert names(new.pk) == [(0, "zero"), (1, "one"), (2, "three")]
        assert (new.total, new.origin_id) == (3, finished.pk)
        options = Payload.objects.get(run=new.pk, position=1).options
        assert options == {"retry": {"maximum_attempts": 1}}

    def test_what_was_more_than_max_payloads_is_left_out(self, finished: Run) -> None:
        beyond = {"code": "max_payloads", "message": "a run of this job has at most 3 payloads (max_payloads)"}
        Payload.objects.filter(run=finished.pk, position=0).update(state="cancelled", error=beyond)
        new = again(finished, which="failed")
        assert (new.total, names(new.pk)) == (2, [(0, "one"), (1, "three")])

    def test_on_the_present_configuration(self, finished: Run) -> None:
        save_group(workspace=job_of(finished).workspace, name="api", limit=1, rate=None, actor="ada")
        configuration = {
            "max_concurrent_requests": 7,
            "priority": -3,
            "rate_limit": {"count": 1, "period": "2s"},
            "concurrency_group": "api",
            "start_timeout": "1m",
            "run_timeout": "2m",
        }
        job = change(finished, payload=plain(1), configuration=configuration)
        new = again(finished, which="failed")
        assert names(new.pk) == [(0, "one"), (1, "three")]
        assert (new.max_lanes, new.priority, new.rate_interval_ms, new.group_id) == (7, -3, 2000, job.group_id)
        assert new.expires_at == new.created_at + dt.timedelta(minutes=1)
        assert new.run_timeout == dt.timedelta(minutes=2)
        started = fresh(start_run(job=job, trigger=Trigger.API))
        assert new.snapshot == started.snapshot

    def test_on_the_snapshot(self, finished: Run) -> None:
        change(finished, configuration={"priority": 9})
        new = again(finished, which="failed", definition="snapshot")
        assert (names(new.pk), new.priority, new.snapshot) == ([(0, "one"), (1, "three")], 4, finished.snapshot)
        assert new.run_timeout == dt.timedelta(minutes=7)

    def test_a_pause_before_it_began_does_not_lengthen_the_wait_of_the_next(self, finished: Run) -> None:
        Run.objects.filter(pk=finished.pk).update(expires_at=finished.created_at + dt.timedelta(hours=3))
        new = again(finished, definition="snapshot")
        assert new.expires_at == new.created_at + dt.timedelta(minutes=5)

    def test_what_was_added_keeps_its_key_and_no_parent(self, finished: Run) -> None:
        Payload.objects.filter(run=finished.pk, position=3).update(parent=1, key="k")
        new = again(finished, which="failed")
        row = Payload.objects.get(run=new.pk, position=1)
        assert (row.name, row.key, row.parent) == ("three", "k", None)

    def test_strictness_follows_the_job_where_it_says_so(self, finished: Run) -> None:
        change(finished, configuration={"strict": True})
        assert again(finished, which="failed").strict
        change(finished, configuration={"strict": False})
        assert not again(finished, which="failed").strict

    def test_a_run_of_which_nothing_failed_is_refused(self, finished: Run, broker: Broker) -> None:
        Payload.objects.filter(run=finished.pk).update(state="succeeded")
        before = rows_of(Run, Payload, Event)
        with pytest.raises(ConflictError, match="nothing to rerun"):
            again(finished, which="failed")
        assert (rows_of(Run, Payload, Event), broker.messages) == (before, [])


class TestHowItBegins:
    @pytest.mark.parametrize("which", ["all", "failed"])
    def test_a_job_that_limits_its_runs_admits_it_after_the_commit(
        self, finished: Run, broker: Broker, monkeypatch: pytest.MonkeyPatch, which: Any
    ) -> None:
        asked: list[Any] = []
        monkeypatch.setattr(admission, "admit", lambda *, job_ids: asked.append(job_ids))
        change(finished, configuration={"max_concurrent_runs": 1})
        with transaction.atomic():
            new = again(finished, which=which)
            assert asked == []
        assert (asked, broker.messages, new.admitted) == ([[finished.job_id]], [], False)
        assert new.wake_at == new.created_at + dt.timedelta(seconds=60)

    def test_a_broker_that_is_down_does_not_fail_it(self, finished: Run, broker: Broker) -> None:
        broker.down = True
        assert again(finished).state == "pending"

    def test_others_may_start_the_job_meanwhile_and_nobody_may_pause_it(self, finished: Run) -> None:
        def start() -> int:
            return closing_connection(lambda: start_run(job=job_of(finished), trigger=Trigger.API))

        def pause() -> int:
            with hotpath.connection() as engine:
                return engine.execute("UPDATE jobs_job SET state = 'paused'").rowcount

        with transaction.atomic():
            again(finished, which="failed")
            assert in_thread(start)()
            pausing = in_thread(pause)
            until_somebody_waits()
        assert pausing() == 1

    def test_a_hundred_thousand_payloads_are_copied_whole(self, finished: Run) -> None:
        with hotpath.connection() as engine:
            engine.execute(
                "INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, ended_at)"
                " SELECT %s, position, 'noop', '', '{}', 'failed', 1, now() FROM generate_series(4, 99999) AS position",
                (finished.pk,),
            )
        new = again(finished, which="failed")
        assert (new.total, Payload.objects.filter(run=new.pk).count()) == (99_998, 99_998)
        assert Payload.objects.filter(run=new.pk).latest("position").position == 99_997


MAKERS: list[Callable[[Run], int]] = [
    lambda run: rerun(run=run, actor="eve"),
    lambda run: rerun(run=run, actor="eve", definition="snapshot"),
    lambda run: rerun(run=run, actor="eve", which="failed"),
    lambda run: replay(run=run, actor="eve"),
]


@pytest.mark.parametrize("make", MAKERS, ids=["all", "snapshot", "failed", "replay"])
class TestWhileItCopies:
    """A hundred thousand payloads take seconds; here they take until the test lets go of their table."""

    @contextlib.contextmanager
    def copying(self, make: Callable[[Run], int], run: Run) -> Iterator[Callable[[], int]]:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE jobs_payload IN SHARE MODE")
            making = in_thread(lambda: closing_connection(lambda: make(run)))
            until_somebody_waits()
            yield making

    def test_the_job_can_be_paused_and_then_nothing_comes_of_it(
        self, finished: Run, make: Callable[[Run], int], broker: Broker
    ) -> None:
        before = rows_of(Run, Payload, FollowUp)
        with self.copying(make, finished) as making:
            control.pause_job(job=job_of(finished), actor="ada")
        with pytest.raises(ConflictError, match=r"is paused by ada|was changed meanwhile"):
            making()
        assert (rows_of(Run, Payload, FollowUp), broker.messages) == (before, [])

    def test_the_job_can_be_edited_and_then_nothing_comes_of_it(
        self, finished: Run, make: Callable[[Run], int]
    ) -> None:
        before = rows_of(Run, Payload, FollowUp)
        with self.copying(make, finished) as making:
            change(finished, configuration={"max_concurrent_runs": 1})
        with pytest.raises(ConflictError, match="was changed meanwhile"):
            making()
        assert rows_of(Run, Payload, FollowUp) == before

    def test_others_may_start_the_job(self, finished: Run, make: Callable[[Run], int]) -> None:
        limited = change(finished, configuration={"max_concurrent_runs": 1})
        with self.copying(make, finished) as making, hotpath.connection() as engine, engine.transaction():
            assert limits.lock_limited_job(engine, job_id=limited.pk)
        assert fresh(making()).origin_id == finished.pk

    def test_what_the_copies_refer_to_is_looked_at_before_the_job_is_locked(
        self, finished: Run, make: Callable[[Run], int]
    ) -> None:
        """Left to the commit, it would keep the job locked for as long as the copying took."""
        with CaptureQueriesContext(connection) as queries:
            make(finished)
        statements = [query["sql"] for query in queries]
        [locked] = [at for at, statement in enumerate(statements) if statement.endswith("FOR SHARE")]
        assert "SET CONSTRAINTS ALL IMMEDIATE" in statements[:locked]

    def test_who_deletes_the_job_waits(self, finished: Run, make: Callable[[Run], int]) -> None:
        job = job_of(finished)
        with self.copying(make, finished) as making:
            deleting = in_thread(lambda: closing_connection(lambda: delete_job(job=job, actor="ada")))
            until_somebody_waits(many=2)
        run = fresh(making())
        with contextlib.suppress(ConflictError):  # A rerun is active now, a replay has ended.
            deleting()
        assert (run.origin_id, run.total) == (finished.pk, Payload.objects.filter(run=run).count())


class TestWhatIsRefused:
    def refused(self, run: Run, words: str, **more: Any) -> None:
        before = rows_of(Run, Payload, Event)
        choices: list[dict[str, Any]] = [{}, {"which": "failed"}, {"definition": "snapshot"}]
        for choice in choices:
            with pytest.raises(ConflictError, match=words):
                rerun(run=run, actor="eve", **choice, **more)
        assert rows_of(Run, Payload, Event) == before

    @pytest.mark.parametrize("state", ["pending", "running", "pausing", "resuming", "cancelling"])
    def test_a_run_that_has_not_ended(self, finished: Run, state: str) -> None:
        Run.objects.update(state=state, ended_at=None, wake_at=NOW)
        self.refused(finished, f"is {state}: only a run that has ended can be rerun")

    def test_a_replay(self, finished: Run) -> None:
        original = start_run(job=job_of(finished), trigger=Trigger.API)
        Run.objects.filter(pk=finished.pk).update(trigger="replay", origin=original)
        self.refused(finished, f"is a replay.*run {original}")

    @pytest.mark.parametrize(
        ("state", "words"), [("paused", "resume it"), ("archived", "activate it"), ("draft", "activate it")]
    )
    def test_a_job_that_is_not_active(self, finished: Run, state: str, words: str) -> None:
        Job.objects.update(state=state)
        self.refused(finished, f"{words} before you rerun run {finished.pk}")

    def test_a_job_that_was_deleted(self, finished: Run) -> None:
        job_of(finished).delete()
        self.refused(finished, f"was deleted: run {finished.pk} cannot be rerun")

    def test_a_job_that_was_changed_since_it_was_seen(self, finished: Run) -> None:
        seen = job_of(finished).updated_at
        job = change(finished, description="new words")
        self.refused(finished, "was changed meanwhile", expected_updated_at=seen)
        assert again(finished, expected_updated_at=job.updated_at).total == 4

    def test_a_run_that_is_gone(self, finished: Run) -> None:
        gone = Run(pk=finished.pk + 1000)
        with pytest.raises(NotFoundError):
            rerun(run=gone, actor="eve")
