"""Watching a run until it ends, through what happens to the connection meanwhile. Time is passed in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from commandline.api import Api
from commandline.exits import Exit, Failure
from commandline.output import Form, Output
from commandline.progress import EVERY_SECONDS, Progress
from commandline.session import Session
from commandline.terminal import Screen
from commandline.waiting import wait_for_end
from commandline.watching import LONGEST_PAUSE_SECONDS, PATIENCE_SECONDS, Pace, looks
from tests.unit.commandline.scripted import DROPPED, Answer, problem, scripted
from tests.unit.commandline.test_tables import Terminal


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def run(state: str = "running", *, succeeded: int = 0, failed: int = 0, total: int = 10) -> dict[str, Any]:
    """A run's detail, as much of it as is looked at."""
    ended = state in ("succeeded", "failed", "cancelled")
    counts = {"total": total, "queued": 0, "running": 0, "succeeded": succeeded, "failed": failed, "cancelled": 0}
    times = {"started_at": "2026-11-21T12:00:00Z", "ended_at": "2026-11-21T12:00:05Z" if ended else None}
    return {"id": 7, "state": state, "counts": counts, "error": {"message": "it broke"} if failed else None, **times}


@contextmanager
def session(*answers: Answer, form: Form = Form.TEXT, tries: int = 1) -> Iterator[Session]:
    """A command's session with an API that answers like that."""
    with scripted(*answers) as server, Api(server.access, sleep=lambda seconds: None, tries=tries) as api:
        made = Session(form=form, workspace=None)
        made.__dict__["api"] = api
        yield made


def waited(*answers: Answer, timeout: float | None = None, form: Form = Form.TEXT) -> tuple[Exit, Time]:
    """What waiting for the run comes to, and how long it took."""
    time = Time()
    with session(*answers, form=form) as made:
        code = wait_for_end(made, run_id=7, timeout_seconds=timeout, clock=time.clock, sleep=time.sleep)
    return code, time


class TestWaiting:
    @pytest.mark.parametrize(
        ("end", "code"), [("succeeded", Exit.OK), ("failed", Exit.RUN_FAILED), ("cancelled", Exit.RUN_FAILED)]
    )
    def test_only_a_run_that_succeeded_is_a_success(self, end: str, code: Exit) -> None:
        assert waited(Answer(body=run()), Answer(body=run(end)))[0] is code

    def test_the_end_is_on_standard_output_and_the_way_there_is_not(self, capsys: pytest.CaptureFixture[str]) -> None:
        waited(Answer(body=run(succeeded=3)), Answer(body=run("failed", succeeded=9, failed=1)))
        out, err = capsys.readouterr()
        assert out == "run 7 failed: 9 succeeded, 1 failed, 0 cancelled in 5.00 s: it broke\n"
        assert err.splitlines() == [
            "run 7 running: 3 of 10 done",
            "run 7 failed: 10 of 10 done, 1 failed",
            "what failed, and why: jobsctl run payloads 7 --state failed",
        ]

    def test_quiet_is_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        waited(Answer(body=run()), Answer(body=run("failed")), form=Form.QUIET)
        assert capsys.readouterr() == ("", "")

    def test_it_asks_seldom_when_it_takes_long(self) -> None:
        _, time = waited(*[Answer(body=run())] * 30, Answer(body=run("succeeded")))
        assert time.slept == sorted(time.slept)
        assert (time.slept[0], time.slept[-1]) == (0.25, LONGEST_PAUSE_SECONDS)

    def test_a_connection_that_is_lost_for_a_while_is_told_and_does_not_end_it(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _ = waited(Answer(body=run()), DROPPED, problem(503, "away"), Answer(body=run("succeeded")))
        assert code is Exit.OK
        assert "cannot be reached; trying again" in capsys.readouterr().err

    def test_one_that_stays_lost_ends_it_and_says_how_to_look_again(self) -> None:
        with pytest.raises(Failure, match="look again with: jobsctl run wait 7") as failure:
            waited(Answer(body=run()), DROPPED)
        assert failure.value.code is Exit.UNREACHABLE

    def test_so_does_a_token_that_expires_meanwhile_at_once(self) -> None:
        with pytest.raises(Failure, match="it has expired\nlog in again: jobsctl login\nlook again") as failure:
            waited(Answer(body=run()), problem(401, "it has expired"), Answer(body=run("succeeded")))
        assert failure.value.code is Exit.REFUSED

    def test_the_timeout_ends_it_at_its_time(self) -> None:
        time = Time()
        with session(Answer(body=run())) as made, pytest.raises(Failure, match="it goes on\nlook again") as failure:
            wait_for_end(made, run_id=7, timeout_seconds=10, clock=time.clock, sleep=time.sleep)
        assert (failure.value.code, time.now) == (Exit.TIMED_OUT, 1010.0)

    def test_a_run_that_ends_at_the_last_moment_has_ended(self) -> None:
        assert waited(Answer(body=run()), Answer(body=run("succeeded")), timeout=0.1)[0] is Exit.OK

    def test_ctrl_c_says_how_to_look_again(self) -> None:
        def interrupt(seconds: float) -> None:
            raise KeyboardInterrupt

        with session(Answer(body=run())) as made, pytest.raises(Failure, match="goes on; look again with") as failure:
            wait_for_end(made, run_id=7, timeout_seconds=None, sleep=interrupt)
        assert failure.value.code is Exit.INTERRUPTED

    def test_patience_begins_anew_with_each_answer(self) -> None:
        time, away = Time(), [DROPPED] * 30
        with session(Answer(body=run()), *away, Answer(body=run()), *away, Answer(body=run("succeeded"))) as made:
            told: list[Failure] = []
            seen = looks(api=made.api, run_id=7, away=told.append, clock=time.clock, sleep=time.sleep)
            assert [each["state"] for each in seen] == ["running", "running", "succeeded"]
        assert len(told) == 2
        assert time.now - 1000 > PATIENCE_SECONDS


class TestPace:
    def test_it_is_of_the_last_half_minute(self) -> None:
        pace = Pace()
        for at, done in [(0, 0), (10, 1000), (60, 1000), (70, 1010), (80, 1020), (90, 1030)]:
            pace.see(at=at, done=done)
        assert (pace.rate, pace.remaining_seconds(50)) == (1.0, 50.0)

    @pytest.mark.parametrize("seen", [[], [(0, 5)], [(0, 5), (10, 5)], [(0, 5), (0, 6)]])
    def test_it_says_nothing_where_nothing_can_be_said(self, seen: list[tuple[float, int]]) -> None:
        pace = Pace()
        for at, done in seen:
            pace.see(at=at, done=done)
        assert (pace.rate, pace.remaining_seconds(1)) == (None, None)


class TestProgress:
    def test_on_a_terminal_one_line_is_written_over_and_fits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "30")
        progress, time, stream = shown(Terminal())
        progress.show(run(succeeded=2))
        time.sleep(2)
        progress.show(run(succeeded=4))
        progress.say("beside it")
        assert stream.getvalue() == (
            "\r\x1b[Krun 7 running: 2 of 10 done\r\x1b[Krun 7 running: 4 of 10 done,…\r\x1b[Kbeside it\n"
        )

    def test_elsewhere_a_line_comes_with_a_change_of_state_and_else_seldom(self) -> None:
        progress, time, stream = shown(io.StringIO())
        for _ in range(2):
            progress.show(run("pending"))
        for succeeded in (1, 2):
            progress.show(run(succeeded=succeeded))
            time.sleep(EVERY_SECONDS / 2)
        progress.show(run(succeeded=6))
        assert stream.getvalue().splitlines() == [
            "run 7 pending: 0 of 10 done",
            "run 7 running: 1 of 10 done",
            "run 7 running: 6 of 10 done, 0.6/s, 6.67 s remaining",
        ]


def shown(stream: io.StringIO) -> tuple[Progress, Time, io.StringIO]:
    """Progress that is written to this stream."""
    time, output = Time(), Output(Form.TEXT, environment={})
    output.err = Screen(stream, environment={})
    return Progress(output, clock=time.clock), time, stream
