"""`python -m embedded`: its commands, its errors, its exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.__main__ import guarded, main
from embedded.servers import CHECKOUT
from embedded.system import end_leftovers


@pytest.fixture(autouse=True)
def signals_as_they_were(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command line installs handlers for the whole process."""
    monkeypatch.delenv("MAKELEVEL", raising=False)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


class TestCommandLine:
    @pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["run", "--"]])
    def test_what_is_no_command_shows_the_commands(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(arguments) == 2
        assert "up | demo | run -- COMMAND" in capsys.readouterr().err

    def test_an_error_is_one_line_and_the_code_1(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.delenv("BROKER_URL")
        assert guarded(["run", "--", "true"]) == 1
        assert capsys.readouterr().err.startswith("error: BROKER_URL is not set")

    def test_sigterm_ends_a_command_before_its_servers_go(self, tmp_path: Path) -> None:
        script = (
            "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit('told to end'));"
            "print('up', flush=True); time.sleep(60)"
        )
        environment = {**os.environ, "EMBEDDED_DATA": str(tmp_path / "data")}
        with subprocess.Popen(
            [sys.executable, "-m", "embedded", "run", "--", sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env=environment,
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == "up\n"
            process.terminate()
            _, errors = process.communicate(timeout=30)
        assert errors == "told to end\n"
        assert process.returncode == 128 + signal.SIGINT


class TestEndLeftovers:
    def test_a_process_that_has_one_of_the_ids_now_is_left_alone(self, tmp_path: Path) -> None:
        with subprocess.Popen(["sleep", "60"]) as bystander:
            (tmp_path / "up.json").write_text(f'{{"processes": {{"web": {bystander.pid}, "postgres": 1}}}}')
            end_leftovers(tmp_path / "up.json")
            assert bystander.poll() is None
            assert not (tmp_path / "up.json").exists()
            bystander.kill()

    def test_a_process_of_ours_is_ended(self, tmp_path: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "embedded.example_service", "0"], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
        ) as service:
            assert service.stdout
            assert service.stdout.readline().startswith("listening at")
            (tmp_path / "up.json").write_text(f'{{"processes": {{"example": {service.pid}}}}}')
            end_leftovers(tmp_path / "up.json")
            assert service.wait(10) == -signal.SIGTERM
