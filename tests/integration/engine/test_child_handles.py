"""What an attempt in a lane gets to keep track of what it starts, and what becomes of that."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import Any

import pytest

from jobs import claims
from jobs.errors import LaneLost, TransientError
from jobs.models import Handle, Run
from tests.integration.child_work import Recorder, in_background
from tests.integration.engine.makers import LEASE, expire, make_run, plain, scripts, take
from workers import descendants, handles, sweep
from workers.child import run_child
from workers.descendants import Family
from workers.executor import RunContext, Surroundings

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.fixture
def run() -> Run:
    return make_run(plain(3))


@pytest.fixture
def lane(run: Run) -> claims.Lane:
    return take(run)


class TestAChildOfALane:
    def test_is_written_down_while_it_lives(self, run: Run, lane: claims.Lane) -> None:
        recorder = Recorder()
        ended = in_background(lambda: self.begin(recorder, lane))
        pid = int(recorder.await_line("family").split()[1])
        (handle,) = Handle.objects.all()
        assert (handle.run_id, handle.position, handle.lane) == (run.pk, 1, lane.id)
        assert (handle.kind, handle.host, handle.data["pid"]) == ("process", descendants.host(), pid)
        recorder.cancelled.set()
        with pytest.raises(TransientError):
            ended()
        assert not Handle.objects.exists()

    def test_does_not_begin_when_the_lane_is_lost(self, lane: claims.Lane) -> None:
        claims.leave_lane(lane=lane)
        recorder = Recorder()
        with pytest.raises(LaneLost):
            self.begin(recorder, lane)
        assert recorder.lines == []

    def test_stays_written_down_when_it_could_not_be_ended(
        self, lane: claims.Lane, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Family, "end", lambda self: False)
        recorder = Recorder()
        assert self.begin(recorder, lane, do="talk")
        assert ("error", "something that the child process started could not be ended") in recorder.lines
        assert Handle.objects.count() == 1

    def test_is_ended_by_whoever_takes_its_lane_back(self, lane: claims.Lane) -> None:
        recorder = Recorder()
        ended = in_background(lambda: self.begin(recorder, lane))
        recorder.await_line("family")
        expire()
        sweep.sweep_once()
        handles.end_orphans()
        with pytest.raises(TransientError) as caught:
            ended()
        assert caught.value.code == "crashed"
        assert caught.value.details["signal"] == "SIGKILL"

    def begin(self, recorder: Recorder, lane: claims.Lane, do: str = "family") -> Any:
        def keep_it(kind: str, data: Mapping[str, Any], *, host: str = "") -> handles.Handle:
            return handles.keep(lane.run.run_id, 1, lane.id, kind, data, host=host)

        work = recorder.work(keep_handle=keep_it, grace_seconds=0.2)
        return run_child(module="tests.integration.child_scenarios", spec={"do": do}, work=work)


class TestWhatAnAttemptGets:
    def test_are_handles_of_its_lane_and_a_deadline_that_the_lane_knows(self) -> None:
        run = make_run(scripts({}, {}), timeout="20s")
        lane = take(run)
        (_, payload) = claims.report(lane=lane, outcome=claims.Report(), take=2, lease=LEASE).payloads
        begun: list[Any] = []
        surroundings = Surroundings(
            cancelled=Recorder().cancelled,
            log=lambda level, message: None,
            progress=lambda **known: None,
            lane_id=lane.id,
            begun=begun.append,
        )
        work = RunContext(lane.run).work(payload, surroundings, dt.datetime.now(dt.UTC))
        work.keep_handle("remote", {"job": "4711"})
        handle = Handle.objects.get()
        assert (handle.run_id, handle.position, handle.lane, handle.host) == (run.pk, 1, lane.id, "")
        assert begun == [work]
        assert 19 < work.deadline.remaining() <= 20

    @pytest.mark.parametrize(
        ("configuration", "expected"),
        [({}, (10.0, 6 * 3600.0)), ({"terminate_grace": "1.5s", "timeout_ceiling": "2h"}, (1.5, 7200.0))],
    )
    def test_is_the_grace_and_the_ceiling_of_its_job(
        self, lane: claims.Lane, configuration: dict[str, Any], expected: tuple[float, float]
    ) -> None:
        info = lane.run._replace(configuration=configuration)
        (payload,) = claims.report(lane=lane, outcome=claims.Report(), take=1, lease=LEASE).payloads
        surroundings = Surroundings(Recorder().cancelled, lambda level, message: None, lambda **known: None)
        work = RunContext(info).work(payload, surroundings, dt.datetime.now(dt.UTC))
        assert (work.grace_seconds, work.deadline.ceiling_seconds) == expected
        work.keep_handle("remote", {}).drop()
        assert not Handle.objects.exists()


def test_a_host_is_named_for_its_boot_too() -> None:
    assert descendants.boot_id() in descendants.host()
    assert str(os.stat("/proc/self/ns/pid").st_ino) in descendants.host()
