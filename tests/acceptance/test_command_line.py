"""The command line beside real processes: real workers do its runs, and it waits while the web server is killed and restarted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from commandline.exits import Exit
from embedded.servers import CHECKOUT
from tests.acceptance.machine import WORKSPACE
from tests.acceptance.payloads import calls
from tests.acceptance.service import CountingService
from tests.acceptance.system import System

pytestmark = pytest.mark.acceptance


class CommandLine:
    """jobsctl in a shell of somebody who is logged in by the environment."""

    def __init__(self, system: System, folder: Path) -> None:
        machine = system.machine
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "XDG_CONFIG_HOME": str(folder),
            "JOBS_URL": machine.url,
            "JOBS_TOKEN": machine.token,
            "JOBS_WORKSPACE": WORKSPACE,
        }

    def start(self, *words: object) -> subprocess.Popen[str]:
        """A command that goes on."""
        return subprocess.Popen(
            [sys.executable, "-m", "commandline", *map(str, words)],
            cwd=CHECKOUT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, *words: object) -> tuple[int, str, str]:
        """A command's exit code, output and errors."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def jobsctl(system: System, tmp_path: Path) -> CommandLine:
    return CommandLine(system, tmp_path)


def test_a_run_is_waited_for_through_a_restart_of_the_web_server(
    system: System, service: CountingService, jobsctl: CommandLine
) -> None:
    system.start_workers(1)
    key = system.define(calls(service, "/gate", 3), max_concurrent_requests=3)
    with jobsctl.start("trigger", key, "--wait") as process:
        assert process.stderr is not None
        run_id = int(process.stderr.readline().split()[1])
        system.machine.stop_web()
        away = next(line for line in process.stderr if "trying again" in line)
        system.machine.start_web()
        service.calls.open_gate(1)
        out, _ = process.communicate(timeout=90)
    assert away == f"{system.machine.url} cannot be reached; trying again\n"
    assert (process.returncode, out.startswith(f"run {run_id} succeeded: 3 succeeded")) == (Exit.OK, True)
    assert system.run(run_id).state == "succeeded"


def test_a_run_that_is_terminated_elsewhere_ends_the_wait(
    system: System, service: CountingService, jobsctl: CommandLine
) -> None:
    key = system.define(calls(service, "/gate", 3))
    with jobsctl.start("trigger", key, "--wait") as process:
        assert process.stderr is not None
        run_id = int(process.stderr.readline().split()[1])
        system.start_workers(1)
        assert jobsctl.say("terminate", run_id)[0] == Exit.OK
        out, _ = process.communicate(timeout=90)
    assert (process.returncode, out.startswith(f"run {run_id} cancelled: ")) == (Exit.RUN_FAILED, True)


def test_where_no_web_server_is_it_says_so(system: System, jobsctl: CommandLine) -> None:
    system.machine.stop_web()
    try:
        code, out, err = jobsctl.say("list")
    finally:
        system.machine.start_web()
    assert (code, out, err) == (Exit.UNREACHABLE, "", f"error: {system.machine.url} cannot be reached\n")
