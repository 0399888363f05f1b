"""Nothing that a child has started outlives its attempt, wherever it has gone; and nothing else is touched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import TransientError
from tests.integration.child_scenarios import SLEEPER
from tests.integration.child_work import Recorder, in_background, is_running, wait_for
from workers import descendants
from workers.child import run_child
from workers.descendants import COOKIE, Family

SCENARIOS = "tests.integration.child_scenarios"


def run(recorder: Recorder, **more: Any) -> Any:
    spec = {"do": "clan", "then": more.pop("then", "stay")}
    return run_child(module=SCENARIOS, spec=spec, work=recorder.work(grace_seconds=0.3, **more))


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Whatever becomes of the test, nothing stays behind."""
    recorder = Recorder()
    yield recorder
    recorder.cancelled.set()
    with contextlib.suppress(AssertionError):
        kill(clan_of(recorder, seconds=0))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own session that has nothing to do with any child."""
    process = subprocess.Popen(["sh", "-c", SLEEPER], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def clan_of(recorder: Recorder, seconds: float = 30) -> dict[str, int]:
    return dict(json.loads(recorder.await_line("clan", seconds).removeprefix("clan ")))


def kill(clan: dict[str, int]) -> None:
    for pid in clan.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def running(clan: dict[str, int]) -> list[str]:
    return [name for name, pid in clan.items() if is_running(pid)]


class TestTheWholeClan:
    def test_is_gone_when_a_cancelled_attempt_has_ended(self, recorder: Recorder) -> None:
        ended = in_background(lambda: run(recorder))
        clan = clan_of(recorder)
        assert running(clan) == list(clan)
        recorder.cancelled.set()
        with pytest.raises(TransientError) as caught:
            ended()
        assert caught.value.code == "cancelled"
        assert running(clan) == []

    def test_is_gone_when_the_time_is_over(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError) as caught:
            run(recorder, timeout_seconds=1.5)
        assert caught.value.code == "timeout"
        assert running(clan_of(recorder)) == []

    def test_is_gone_when_the_child_returns(self, recorder: Recorder) -> None:
        clan = run(recorder, then="return")
        assert len(clan) == 6
        assert running(clan) == []

    def test_is_gone_when_the_child_crashes_but_for_what_has_neither_parent_nor_environment(
        self, recorder: Recorder
    ) -> None:
        with pytest.raises(TransientError, match="SIGSEGV"):
            run(recorder, then="crash")
        left = running(clan_of(recorder))
        assert set(left) <= {"without environment", "forked twice without environment"}

    def test_is_gone_soon_after_the_worker_was_killed(self, tmp_path: Path) -> None:
        with worker(tmp_path) as (process, clan):
            assert running(clan) == list(clan)
            process.kill()
            process.wait()
            wait_for(lambda: not running(clan), seconds=5)

    def test_is_gone_for_whoever_knows_it_when_the_child_itself_can_do_nothing(self, tmp_path: Path) -> None:
        with worker(tmp_path) as (process, clan):
            family = Family.of(clan["itself"], cookie=descendants._cookie(clan["itself"]))
            assert family is not None
            os.kill(clan["itself"], signal.SIGSTOP)
            process.kill()
            process.wait()
            assert running(clan) == list(clan)
            assert family.end()
            assert running(clan) == []


class TestTheGroup:
    def test_belongs_to_the_child_though_nothing_else_tells(self, tmp_path: Path) -> None:
        """Its parent has ended, its environment is empty, and the child is none that adopts."""
        script = f"env -i sh -c 'sleep 600 >/dev/null 2>&1 & echo $!' > {tmp_path}/pid; exec sleep 600"
        with subprocess.Popen(["sh", "-c", script], start_new_session=True) as child:
            wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
            pid = int((tmp_path / "pid").read_text())
            family = Family.of(child.pid, cookie="")
            assert family is not None
            assert is_running(pid)
            assert family.end()
            assert not is_running(pid)


class TestWhatDoesNotBelongToIt:
    def test_stays(self, recorder: Recorder, sleeper: subprocess.Popen[bytes]) -> None:
        clan = run(recorder, then="return")
        assert running(clan) == []
        assert sleeper.poll() is None

    def test_stays_though_it_has_the_childs_number(self, sleeper: subprocess.Popen[bytes]) -> None:
        own = Family.of(sleeper.pid, cookie="/tmp/jobs-child-of-nobody")
        assert own is not None
        before = Family(sleeper.pid, own.started - 1, own.cookie)
        assert before.end()
        assert sleeper.poll() is None
        assert own.end()
        assert sleeper.wait(timeout=5) == -signal.SIGKILL

    def test_stays_when_its_cookie_is_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(COOKIE, "/tmp/jobs-child-one")
        with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
            try:
                wait_for(lambda: descendants._cookie(process.pid) == "/tmp/jobs-child-one")
                assert Family(0, 0, "/tmp/jobs-child-o").living() == []
                assert Family(0, 0, "").living() == []
                found = Family(0, 0, "/tmp/jobs-child-one").living()
                assert [each.pid for each in found] == [process.pid]
            finally:
                process.kill()

    def test_that_is_this_process_stays_though_it_has_the_cookie(self) -> None:
        own = Family.of(os.getpid(), cookie="")
        assert own is not None
        assert os.getpid() not in [each.pid for each in own.living()]


class TestWhatCannotBeEnded:
    def test_is_not_said_to_have_ended(self, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        family = Family.of(sleeper.pid, cookie="")
        assert family is not None
        monkeypatch.setattr(descendants, "_signal_one", lambda process, number: None)
        assert not family.end(seconds=0.05)

    def test_of_before_the_machine_began_again_is_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        family = Family(4711, 12, "/tmp/jobs-child-x")
        data = family.to_data()
        assert Family.from_data(json.loads(json.dumps(data))) == family
        assert Family.from_data({**data, "boot": "another"}) is None

    def test_is_nothing_where_there_is_no_process_table(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(descendants, "_PROC", tmp_path)
        assert Family.of(1 << 30, cookie="x") is None
        assert Family(os.getpid(), 0, "x").living() == []


@contextlib.contextmanager
def worker(directory: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """Another process that runs the clan, and the clan; whatever becomes of the test, nothing of it stays behind."""
    program = (
        "import django\n"
        "django.setup()\n"
        "from tests.integration.child_work import Recorder\n"
        "from workers.child import run_child\n"
        "recorder = Recorder()\n"
        "recorder._log = lambda level, message: print(message, flush=True)\n"
        f"run_child(module={SCENARIOS!r}, spec={{'do': 'clan', 'then': 'stay'}}, work=recorder.work())\n"
    )
    environment = {**os.environ, "TMPDIR": str(directory)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        clan = json.loads(process.stdout.readline().removeprefix("clan "))
        try:
            yield process, clan
        finally:
            process.kill()
            kill(clan)
