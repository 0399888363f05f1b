"""The reader, one pass at a time: what it asks the database, and whom it hands what."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.api.live.hub import Hub
from jobs.api.live.reading import writers_of
from jobs.api.live.subscription import MOST_WAITING, Subscription
from jobs.api.live.topics import Scope, Topic
from jobs.errors import TransientError
from jobs.models import Event, Job
from tests.integration.engine.makers import together, until_somebody_waits
from tests.integration.live.given import write, writer
from tests.integration.people import make_job
from tests.integration.run_rows import make_run


def nothing() -> None:
    """For who is not woken."""


@pytest.fixture
def hub(transactional_db: None) -> Hub:
    return Hub(follow=False)


def watch(hub: Hub, scope: Scope, topic_id: int, job: Job, *, logs: bool = False) -> Subscription:
    return hub.subscribe(topic=Topic(scope, topic_id, job.workspace_id), logs=logs, wake=nothing)


def queries(do: Callable[[], None]) -> int:
    with CaptureQueriesContext(connection) as seen:
        do()
    return len(seen)


class TestWhatAPassCosts:
    def test_one_query_for_five_hundred_and_one_more_for_all_their_runs(self, hub: Hub, job: Job) -> None:
        runs = [make_run(job) for _ in range(20)]
        for number in range(500):
            scope, topic_id = [
                (Scope.RUN, runs[number % 20].pk),
                (Scope.JOB, job.pk),
                (Scope.WORKSPACE, job.workspace_id),
            ][number % 3]
            watch(hub, scope, topic_id, job)
        hub.look()
        assert queries(hub.look) == 1
        hub._progress_at = 0.0
        assert queries(hub.look) == 2

    def test_two_more_while_an_id_is_missing(self, hub: Hub, job: Job) -> None:
        watch(hub, Scope.WORKSPACE, job.workspace_id, job)
        hub.look()
        with writer() as late:
            late.write(job, "job.late")
            write(job)
            assert [queries(hub.look), queries(hub.look)] == [2, 2]
            late.commit()
        assert [queries(hub.look), queries(hub.look)] == [2, 1]

    def test_two_more_where_log_lines_are_watched(self, hub: Hub, job: Job) -> None:
        run = make_run(job)
        watch(hub, Scope.RUN, run.pk, job, logs=True)
        hub.look()
        assert queries(hub.look) == 2, "without new lines only their end is asked for"


class TestNobodyWatching:
    def test_there_is_no_thread_and_so_no_query(self, transactional_db: None, job: Job) -> None:
        hub = Hub()
        subscription = watch(hub, Scope.WORKSPACE, job.workspace_id, job)
        thread = hub._thread
        assert thread is not None
        hub.leave(subscription)
        thread.join(20)
        assert not thread.is_alive()
        assert hub._thread is None

    def test_whoever_comes_next_is_served_again(self, transactional_db: None, job: Job) -> None:
        hub = Hub(follow=False)
        hub.leave(watch(hub, Scope.WORKSPACE, job.workspace_id, job))
        assert not hub._goes_on()
        write(job, "job.while.nobody.watched")
        subscription = watch(hub, Scope.WORKSPACE, job.workspace_id, job)
        hub.look()
        wanted = write(job, "job.after")
        hub.look()
        assert [item.id for item in subscription.take().items] == [wanted]


class TestOneWhoWaitsForTheLog:
    def test_has_no_id_yet_and_so_holds_nothing_up_and_is_not_missed(self, hub: Hub, job: Job) -> None:
        """Its INSERT stands behind a lock, and its lock is not granted."""
        subscription = watch(hub, Scope.WORKSPACE, job.workspace_id, job)
        hub.look()
        with writer() as gone:
            gone.write(job, "job.rolled.back")
            gone.roll_back()
        before = write(job)
        with writer() as indexer, ThreadPoolExecutor(1) as pool:
            indexer.lock_out()
            late = pool.submit(lambda: together([lambda: write(job, "job.late")])[0])
            until_somebody_waits()
            assert writers_of("jobs_event") == frozenset()
            for _ in range(2):
                hub.look()
            assert [item.id for item in subscription.take().items] == [before]
            indexer.commit()
            assert late.result(timeout=30) > before
        hub.look()
        assert [item.id for item in subscription.take().items] == [late.result()]


class TestOneWhoIsSlow:
    def test_is_cut_off_when_too_much_waits_and_keeps_no_memory(self, hub: Hub, job: Job) -> None:
        slow, quick = (watch(hub, Scope.JOB, job.pk, job) for _ in range(2))
        hub.look()
        events = [Event(workspace=job.workspace, job=job, kind="job.updated", actor="") for _ in range(MOST_WAITING)]
        Event.objects.bulk_create(events)
        hub.look()
        assert len(quick.take().items) == MOST_WAITING
        last = write(job)
        hub.look()
        assert [item.id for item in quick.take().items] == [last]
        taken = slow.take()
        assert taken.lagging
        assert not taken.items
        write(job)
        hub.look()
        assert not slow.take().items


class TestWhoGetsWhat:
    def test_one_who_comes_while_a_pass_is_made_misses_nothing_and_gets_nothing_twice(
        self, hub: Hub, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        watch(hub, Scope.JOB, job.pk, job)
        hub.look()
        wanted = write(job)
        late: list[Subscription] = []
        hand_on = hub._hand_on

        def come_first(*args: object, **kwargs: object) -> None:
            late.append(watch(hub, Scope.JOB, job.pk, job))
            hand_on(*args, **kwargs)  # type: ignore[arg-type]
            late.append(watch(hub, Scope.JOB, job.pk, job))

        monkeypatch.setattr(hub, "_hand_on", come_first)
        hub.look()
        before, after = late
        assert before.joined is not None
        assert after.joined is not None
        assert ([item.id for item in before.take().items], before.joined[0] < wanted) == ([wanted], True)
        assert ([item.id for item in after.take().items], after.joined[0]) == ([], wanted)

    def test_no_more_than_so_many(self, hub: Hub, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("jobs.api.live.hub.MOST_STREAMS", 1)
        watch(hub, Scope.JOB, job.pk, job)
        with pytest.raises(TransientError):
            watch(hub, Scope.JOB, job.pk, job)

    def test_a_backlog_longer_than_a_batch_comes_whole_and_in_order(self, hub: Hub, job: Job) -> None:
        other = make_job(job.workspace, "task:other")
        subscription = watch(hub, Scope.JOB, job.pk, job)
        hub.look()
        Event.objects.bulk_create(
            Event(workspace=job.workspace, job=other, kind="job.updated", actor="") for _ in range(4_500)
        )
        wanted = [write(job) for _ in range(3)]
        for _ in range(3):
            hub.look()
        assert [item.id for item in subscription.take().items] == wanted
