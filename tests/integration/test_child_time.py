"""What a child is given: time that it can extend, and a grace period once it is told to stop."""

from __future__ import annotations

import time
from typing import Any

import pytest

from jobs.errors import TransientError
from tests.integration.child_work import Recorder, in_background
from workers.child import run_child

SCENARIOS = "tests.integration.child_scenarios"


def run(recorder: Recorder, *, work: dict[str, Any], **spec: Any) -> Any:
    return run_child(module=SCENARIOS, spec=spec, work=recorder.work(**work))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


class TestTheGracePeriod:
    def test_lets_a_child_end_by_itself_and_is_over_when_it_has(self, recorder: Recorder) -> None:
        ended = in_background(lambda: run(recorder, work={"grace_seconds": 20}, do="linger", seconds=0.5))
        recorder.await_line("waiting")
        recorder.cancelled.set()
        asked_at = time.monotonic()
        with pytest.raises(TransientError) as caught:
            ended()
        assert caught.value.code == "cancelled"
        assert ("info", "tidied up") in recorder.lines
        assert 0.5 <= time.monotonic() - asked_at < 5

    def test_ends_for_a_child_that_takes_longer(self, recorder: Recorder) -> None:
        ended = in_background(lambda: run(recorder, work={"grace_seconds": 1}, do="linger", seconds=30))
        recorder.await_line("waiting")
        recorder.cancelled.set()
        asked_at = time.monotonic()
        with pytest.raises(TransientError) as caught:
            ended()
        assert caught.value.code == "cancelled"
        assert 1 <= time.monotonic() - asked_at < 3
        assert ("info", "tidied up") not in recorder.lines

    def test_is_given_to_a_child_whose_time_is_over_too(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError) as caught:
            run(recorder, work={"timeout_seconds": 1.5, "grace_seconds": 20}, do="linger", seconds=0.2)
        assert caught.value.code == "timeout"
        assert ("info", "tidied up") in recorder.lines


class TestExtendingTheTime:
    def test_lets_a_child_work_on_beyond_its_timeout(self, recorder: Recorder) -> None:
        began = time.monotonic()
        assert run(recorder, work={"timeout_seconds": 2}, do="ask_for_time", seconds=3.5, every=0.2) == "done"
        assert time.monotonic() - began > 3.5

    def test_does_not_let_it_work_on_beyond_the_ceiling(self, recorder: Recorder) -> None:
        began = time.monotonic()
        times = {"timeout_seconds": 1.5, "ceiling_seconds": 2.5}
        with pytest.raises(TransientError, match=r"took longer than 2\.5 s, beyond which") as caught:
            run(recorder, work=times, do="ask_for_time", seconds=30, every=0.1)
        assert caught.value.code == "timeout"
        assert 2.5 <= time.monotonic() - began < 5

    def test_from_outside_works_as_well(self, recorder: Recorder) -> None:
        work = recorder.work(timeout_seconds=2)
        spec = {"do": "ask_for_time", "seconds": 3, "every": 3}  # it asks too late itself
        ended = in_background(lambda: run_child(module=SCENARIOS, spec=spec, work=work))
        for _ in range(6):
            time.sleep(0.5)
            assert work.deadline.extend()
        assert ended() == "done"
