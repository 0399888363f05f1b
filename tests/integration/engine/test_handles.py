"""What a worker leaves running when it dies is ended by another one, and nothing else is."""

from __future__ import annotations

import datetime as dt
import itertools
import signal
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from jobs import claims, hotpath
from jobs.claims.handles import drop_handle, keep_handle, orphans
from jobs.errors import LaneLost
from jobs.models import Handle, Run
from tests.integration.child_scenarios import SLEEPER
from tests.integration.engine.makers import expire, in_thread, make_run, plain, take, until_somebody_waits
from tests.integration.engine.scripted import Clock
from workers import descendants, handles
from workers.descendants import Family
from workers.payloads import EXECUTORS

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "_waits", {})


@pytest.fixture
def run() -> Run:
    return make_run(plain(3))


@pytest.fixture
def lane(run: Run) -> claims.Lane:
    return take(run)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """What a worker might have left behind: it ignores SIGTERM and leads a session."""
    process = subprocess.Popen(["sh", "-c", SLEEPER], start_new_session=True)
    yield process
    process.kill()
    process.wait()


class Remote:
    """An executor that can end what it set going elsewhere, when it is told to be able to."""

    def __init__(self, *, ends: bool = True) -> None:
        self.ends = ends
        self.asked: list[Mapping[str, Any]] = []

    def perform(self, work: Any) -> Any: ...

    def end(self, data: Mapping[str, Any]) -> bool:
        """Note the question, and answer as told."""
        self.asked.append(data)
        if data.get("broken"):
            raise ConnectionError("the remote system is away")
        return self.ends


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Remote:
    remote = Remote()
    monkeypatch.setitem(EXECUTORS, "remote", remote)
    return remote


def keep(lane: claims.Lane, *, kind: str = "remote", host: str = "", **data: Any) -> int:
    return keep_handle(run_id=lane.run.run_id, position=1, lane_id=lane.id, kind=kind, host=host, data=data)


def keep_process(lane: claims.Lane, process: subprocess.Popen[bytes], **different: Any) -> int:
    family = Family.of(process.pid, cookie="")
    assert family is not None
    return keep(lane, kind="process", host=descendants.host(), **{**family.to_data(), **different})


def leave(lane: claims.Lane) -> None:
    claims.leave_lane(lane=lane)


def kept() -> set[int]:
    return set(Handle.objects.values_list("pk", flat=True))


class TestKeepHandle:
    def test_says_whose_attempt_it_is(self, run: Run, lane: claims.Lane) -> None:
        handle = Handle.objects.get(pk=keep(lane, host="here", job="4711"))
        assert (handle.run_id, handle.position, handle.lane) == (run.pk, 1, lane.id)
        assert (handle.kind, handle.host, handle.data) == ("remote", "here", {"job": "4711"})

    def test_is_refused_to_whoever_has_lost_the_lane(self, lane: claims.Lane) -> None:
        leave(lane)
        with pytest.raises(LaneLost):
            keep(lane)
        assert not kept()

    def test_is_refused_when_the_lane_is_being_taken_back_just_now(self, lane: claims.Lane) -> None:
        with hotpath.connection() as other, other.transaction():
            other.execute("DELETE FROM jobs_lane WHERE id = %s", (lane.id,))
            keeping = in_thread(lambda: keep(lane))
            until_somebody_waits()
        with pytest.raises(LaneLost):
            keeping()
        assert not kept()

    def test_dropping_it_drops_no_other_and_may_be_done_twice(self, lane: claims.Lane) -> None:
        one, other = keep(lane), keep(lane)
        drop_handle(handle_id=one)
        drop_handle(handle_id=one)
        assert kept() == {other}


class TestOrphans:
    def test_are_those_whose_lane_is_gone(self, run: Run, lane: claims.Lane) -> None:
        alive = take(run, slot=1)
        keep(alive)
        mine = keep(lane, job="4711")
        leave(lane)
        (orphan,) = orphans(host="here", limit=10)
        assert orphan == (mine, run.pk, 1, "remote", "", {"job": "4711"})

    def test_are_none_while_the_lane_is_there_though_its_lease_is_over(self, lane: claims.Lane) -> None:
        keep(lane)
        expire()
        assert orphans(host="here", limit=10) == []

    def test_of_other_hosts_are_left_to_them_for_seven_days(self, lane: claims.Lane) -> None:
        anywhere, here, there = keep(lane), keep(lane, host="here"), keep(lane, host="there")
        leave(lane)
        present = Handle.objects.get(pk=there).created_at
        assert [each.id for each in orphans(host="here", limit=10)] == [anywhere, here]
        assert [each.id for each in orphans(host="here", limit=10, now=present + 6.9 * DAY)] == [anywhere, here]
        found = [each.id for each in orphans(host="here", limit=10, now=present + 7.1 * DAY)]
        assert found == [anywhere, here, there]

    def test_come_by_id_so_many_and_without_those_that_are_known(self, lane: claims.Lane) -> None:
        ids = [keep(lane) for _ in range(5)]
        leave(lane)
        assert [each.id for each in orphans(host="", limit=2, besides=ids[1:3])] == [ids[0], ids[3]]


class TestEndOrphans:
    def test_ends_a_process_and_its_descendants(self, lane: claims.Lane, sleeper: subprocess.Popen[bytes]) -> None:
        keep_process(lane, sleeper)
        assert handles.end_orphans() == 0
        assert sleeper.poll() is None
        leave(lane)
        assert handles.end_orphans() == 1
        assert sleeper.wait(timeout=5) == -signal.SIGKILL
        assert not kept()

    @pytest.mark.parametrize("different", [{"started": 17}, {"boot": "another"}])
    def test_never_ends_another_process_with_the_same_number(
        self, lane: claims.Lane, sleeper: subprocess.Popen[bytes], different: dict[str, Any]
    ) -> None:
        keep_process(lane, sleeper, **different)
        leave(lane)
        assert handles.end_orphans() == 1
        assert sleeper.poll() is None
        assert not kept()

    def test_touches_nothing_of_another_host_and_forgets_it_after_seven_days(
        self, lane: claims.Lane, sleeper: subprocess.Popen[bytes]
    ) -> None:
        family = Family.of(sleeper.pid, cookie="")
        assert family is not None
        theirs = keep(lane, kind="process", host="there", **family.to_data())
        leave(lane)
        assert handles.end_orphans() == 0
        assert kept() == {theirs}
        assert handles.end_orphans(now=dt.datetime.now(dt.UTC) + 8 * DAY) == 1
        assert not kept()
        assert sleeper.poll() is None

    def test_keeps_the_handle_of_a_process_that_does_not_end(
        self, lane: claims.Lane, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Family, "end", lambda self: False)
        stuck = keep_process(lane, sleeper)
        leave(lane)
        assert handles.end_orphans() == 0
        assert kept() == {stuck}

    def test_asks_the_executor_of_the_kind(self, lane: claims.Lane, remote: Remote) -> None:
        keep(lane, job="4711")
        leave(lane)
        assert handles.end_orphans() == 1
        assert remote.asked == [{"job": "4711"}]
        assert not kept()

    @pytest.mark.parametrize("kind", ["unheard-of", "scripted"])
    def test_leaves_what_this_worker_cannot_end_to_another(self, lane: claims.Lane, remote: Remote, kind: str) -> None:
        left = keep(lane, kind=kind)
        keep(lane, job="4711")
        leave(lane)
        assert handles.end_orphans() == 1
        assert kept() == {left}
        assert remote.asked == [{"job": "4711"}]

    def test_goes_on_with_the_others_when_one_fails(self, lane: claims.Lane, remote: Remote) -> None:
        broken = keep(lane, broken=True)
        keep(lane)
        leave(lane)
        assert handles.end_orphans() == 1
        assert kept() == {broken}

    def test_tries_again_until_it_is_certain_ever_less_often(
        self, lane: claims.Lane, remote: Remote, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock()
        monkeypatch.setattr(handles, "time", clock)
        keep(lane)
        leave(lane)
        remote.ends = False
        tries = []
        for _ in range(400):
            before = len(remote.asked)
            handles.end_orphans()
            if len(remote.asked) > before:
                tries.append(clock.now)
            clock.now += 1
        waits = [later - earlier for earlier, later in itertools.pairwise(tries)]
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
        remote.ends = True
        clock.now += 60
        assert handles.end_orphans() == 1
        assert not kept()
