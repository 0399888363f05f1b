"""A child process does its work apart, says what it must, and never outlives its attempt."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.child_work import Recorder, is_running, wait_for
from workers.child import run_child
from workers.child_intake import MAX_LINE_CHARACTERS, MAX_LOG_LINES

SCENARIOS = "tests.integration.child_scenarios"


def run(recorder: Recorder, *, secrets: tuple[str, ...] = (), timeout_seconds: float = 60, **spec: Any) -> Any:
    return run_child(module=SCENARIOS, spec=spec, work=recorder.work(timeout_seconds=timeout_seconds), secrets=secrets)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own for the children's working directories, so that what is left behind is seen."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def in_background(recorder: Recorder) -> Iterator[Any]:
    """Starts a scenario in a thread; its error, if any, is the future's."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda **spec: pool.submit(run, recorder, **spec)
        recorder.cancelled.set()


class TestItsSurroundings:
    def test_it_leads_a_session_and_a_group_of_its_own(self, recorder: Recorder) -> None:
        seen = run(recorder, do="look_around")
        assert seen["pid"] == seen["group"] == seen["session"] != os.getpid()

    def test_it_starts_in_an_empty_directory_that_is_removed_afterwards(
        self, recorder: Recorder, temporary: Path
    ) -> None:
        seen = run(recorder, do="look_around")
        assert Path(seen["directory"]).parent == temporary
        assert seen["files"] == []
        assert list(temporary.iterdir()) == []

    def test_the_workers_environment_stays_with_the_worker(
        self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://u:in-the-environment@h/d")
        monkeypatch.setenv("SOME_TOKEN", "in-the-environment")
        seen = run(recorder, do="look_around")
        assert "in-the-environment" not in str(seen)
        assert "DATABASE_URL" not in seen["environment"]

    def test_the_specification_is_neither_on_the_command_line_nor_in_the_environment(self, recorder: Recorder) -> None:
        seen = run(recorder, do="look_around", password="not-for-the-process-list")
        assert seen["spec"]["password"] == "not-for-the-process-list"
        assert "not-for-the-process-list" not in seen["command"] + seen["kernel_environment"]

    def test_a_specification_larger_than_a_pipe_arrives_whole(self, recorder: Recorder) -> None:
        assert len(run(recorder, do="look_around", text="é" * 100_000)["spec"]["text"]) == 100_000


class TestWhatItSays:
    def test_the_result_the_log_and_the_progress_arrive(self, recorder: Recorder) -> None:
        assert run(recorder, do="talk") == [1, "two", None]
        assert sorted(recorder.lines) == [("info", "printed"), ("warning", "a log line"), ("warning", "complained")]

    def test_progress_is_shown_at_most_once_a_second(self, recorder: Recorder) -> None:
        run(recorder, do="talk")
        assert recorder.progress == [{"current": 1, "total": 3, "unit": "rows"}]

    def test_long_lines_are_cut_and_many_lines_are_counted(self, recorder: Recorder) -> None:
        run(recorder, do="chatter")
        assert recorder.lines[0] == ("info", "x" * (MAX_LINE_CHARACTERS - 1) + "…")
        assert recorder.lines[-1] == ("warning", "2001 more log lines were not kept")
        assert len(recorder.lines) == MAX_LOG_LINES + 1

    def test_a_secret_that_slips_out_is_blacked_out(self, recorder: Recorder) -> None:
        with pytest.raises(PermanentError) as caught:
            run(recorder, do="blab", password="hunter2-and-more", secrets=("hunter2-and-more",))
        assert str(caught.value) == "refused ***"
        assert caught.value.details == {"tried": ["***"]}
        assert "hunter2" not in str(recorder.lines)
        assert ("info", "connecting with ***") in recorder.lines


class TestHowItFails:
    def test_a_transient_error_arrives_as_it_was_raised(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError, match=r"^later$") as caught:
            run(recorder, do="fail", how="transient")
        assert (caught.value.code, caught.value.details, caught.value.retry_after_seconds) == ("busy", {"queue": 3}, 7)

    def test_a_permanent_error_arrives_as_it_was_raised(self, recorder: Recorder) -> None:
        with pytest.raises(PermanentError, match=r"^never$") as caught:
            run(recorder, do="fail", how="permanent")
        assert (caught.value.code, caught.value.details) == ("wrong", {"field": "a"})

    def test_any_other_error_is_transient_and_keeps_the_end_of_its_traceback(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError, match="ValueError: nobody expected this") as caught:
            run(recorder, do="fail", how="otherwise")
        assert "child_scenarios.py" in str(caught.value.details["traceback"])

    def test_a_signal_is_named_with_the_last_words(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError, match="was ended by SIGSEGV without a result") as caught:
            run(recorder, do="crash", signal=signal.SIGSEGV)
        assert caught.value.details == {"signal": "SIGSEGV", "last_words": ["last words"]}

    def test_an_exit_code_is_named(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError, match="ended with exit code 3 without a result") as caught:
            run(recorder, do="crash", exit_code=3)
        assert caught.value.code == "crashed"

    def test_an_exit_without_a_result_is_no_success(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError, match="exit code 0 without a result"):
            run(recorder, do="crash", exit_code=0)

    def test_a_module_that_is_not_there_is_told(self, recorder: Recorder) -> None:
        with pytest.raises(TransientError, match="No module named 'nowhere'"):
            run_child(module="nowhere", spec={}, work=recorder.work())

    def test_a_result_over_the_limit_is_refused(self, recorder: Recorder) -> None:
        with pytest.raises(PermanentError, match="the limit is 1048576"):
            run(recorder, do="too_much")


class TestHowItEnds:
    def test_cancelling_ends_it_and_a_grandchild_that_ignores_sigterm(
        self, recorder: Recorder, in_background: Any, temporary: Path
    ) -> None:
        running = in_background(do="family")
        child, grandchild = family_of(recorder)
        recorder.cancelled.set()
        with pytest.raises(TransientError) as caught:
            running.result(timeout=20)
        assert caught.value.code == "cancelled"
        assert not is_running(child)
        wait_for(lambda: not is_running(grandchild))
        assert list(temporary.iterdir()) == []

    def test_its_time_limit_ends_it_and_its_grandchild(self, recorder: Recorder, in_background: Any) -> None:
        began = time.monotonic()
        running = in_background(do="family", timeout_seconds=1.5)
        child, grandchild = family_of(recorder)
        with pytest.raises(TransientError, match=r"longer than its 1\.5 s") as caught:
            running.result(timeout=20)
        assert caught.value.code == "timeout"
        assert 1.5 <= time.monotonic() - began < 10
        assert not is_running(child)
        wait_for(lambda: not is_running(grandchild))

    def test_a_grandchild_that_it_leaves_behind_is_ended_with_it(self, recorder: Recorder) -> None:
        grandchild = run(recorder, do="family", stay=False)
        wait_for(lambda: not is_running(grandchild))

    def test_the_death_of_the_worker_by_kill_9_ends_it_and_its_grandchild(self, tmp_path: Path) -> None:
        with worker(tmp_path) as process:
            assert process.stdout
            _, child, grandchild, directory = process.stdout.readline().split(maxsplit=3)
            assert is_running(int(child))
            assert is_running(int(grandchild))
            process.kill()
            process.wait()
            wait_for(lambda: not is_running(int(child)) and not is_running(int(grandchild)))
        assert not Path(directory.strip()).exists()

    def test_the_end_of_the_thread_that_started_it_does_not_end_it(self, recorder: Recorder) -> None:
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(run(recorder, do="talk")))
        thread.start()
        thread.join()
        assert results == [[1, "two", None]]


class TestManyOfThem:
    def test_files_threads_and_memory_stay_flat(self, recorder: Recorder, temporary: Path) -> None:
        run(recorder, do="talk")
        before = footprint()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: run(recorder, do="talk"), range(30)))
        after = footprint()
        assert after["files"] == before["files"]
        assert after["threads"] == before["threads"]
        assert after["kilobytes"] - before["kilobytes"] < 8192
        assert list(temporary.iterdir()) == []

    def test_failures_leave_nothing_open_either(self, recorder: Recorder) -> None:
        before = footprint()
        for _ in range(5):
            with pytest.raises(TransientError):
                run(recorder, do="crash", exit_code=1)
        assert footprint()["files"] == before["files"]


def family_of(recorder: Recorder) -> tuple[int, int]:
    _, child, grandchild, _ = recorder.await_line("family").split(maxsplit=3)
    return int(child), int(grandchild)


def worker(directory: Path) -> subprocess.Popen[str]:
    """Another process that runs the family scenario and prints its log."""
    program = (
        "import django; django.setup()\n"
        "from tests.integration.child_work import Recorder\n"
        "from workers.child import run_child\n"
        "recorder = Recorder()\n"
        "recorder._log = lambda level, message: print(message, flush=True)\n"
        f"run_child(module={SCENARIOS!r}, spec={{'do': 'family'}}, work=recorder.work())\n"
    )
    environment = {**os.environ, "TMPDIR": str(directory)}
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)


def footprint() -> dict[str, int]:
    gc.collect()
    resident = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return {
        "files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "kilobytes": int(resident.split()[1]),
    }
