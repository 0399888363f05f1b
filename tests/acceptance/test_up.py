"""`make up` and `make demo` as their users meet them: the real processes, signals, and what is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from embedded.ports import free_port
from embedded.processes import command_line, wait_until
from embedded.servers import CHECKOUT

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(420)]
READY_SECONDS = 120

Command = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder for the data, apart from the checkout's own, so that a `make up` of its user is not disturbed."""
    folder = Path(tempfile.mkdtemp(prefix="jobs-up-"))
    folder.chmod(0o711)  # root's servers run as somebody else
    yield folder
    environment = _environment(folder)
    subprocess.run([sys.executable, "-m", "embedded", "reset"], cwd=CHECKOUT, env=environment, check=True)
    shutil.rmtree(folder)


@pytest.fixture
def command(home: Path) -> Iterator[Command]:
    """Starts `python -m embedded ...`, which writes to output.log; what still runs afterwards is ended."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, **variables: str) -> subprocess.Popen[str]:
        with (home / "output.log").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "embedded", *words],
                cwd=CHECKOUT,
                env={**_environment(home), **variables},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


@pytest.fixture
def up(command: Command, home: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A system with two beats that is up, and its up.json."""
    process = command("up", PORT=str(free_port()), BEATS="2")
    return process, wait_for_up_json(process, home)


def wait_for_up_json(process: subprocess.Popen[str], home: Path) -> dict[str, Any]:
    file = home / "data" / "up.json"
    assert wait_until(lambda: file.exists() or process.poll() is not None, seconds=READY_SECONDS)
    assert process.poll() is None, (home / "output.log").read_text()
    found = json.loads(file.read_text())
    assert isinstance(found, dict)
    return found


def api(system: dict[str, Any], path: str) -> requests.Response:
    address = f"{system['url']}/api/v1/workspaces/{system['workspace']}/{path}"
    return requests.get(address, headers={"Authorization": f"Bearer {system['api_token']}"}, timeout=30)


def nothing_runs(system: dict[str, Any]) -> bool:
    return not any(map(command_line, system["processes"].values()))


def _environment(home: Path) -> dict[str, str]:
    """Without what this test session runs on."""
    ours = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "JOBS_SECRET_KEYS", "MAKELEVEL", "STATIC_ROOT", "DEBUG")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "EMBEDDED_DATA": str(home / "data"), "EMBEDDED_STORE": str(home / "store")}


class TestUp:
    def test_it_is_ready_when_it_says_so_and_a_second_one_is_refused(
        self, up: tuple[subprocess.Popen[str], dict[str, Any]], command: Command, home: Path
    ) -> None:
        _, system = up
        assert stat.S_IMODE((home / "data" / "up.json").stat().st_mode) == 0o600
        assert requests.get(f"{system['url']}/admin/login/", timeout=30).ok
        assert "task:ping" in {job["key"] for job in api(system, "jobs/").json()["results"]}
        assert {"web", "live", "beat", "beat-2", "worker-1", "worker-2"} <= set(system["processes"])
        assert all(map(command_line, system["processes"].values()))
        for words in (["up"], ["demo"]):
            assert command(*words).wait(60) == 1
            assert "is already running here" in (home / "output.log").read_text()
        assert api(system, "jobs/").ok

    def test_manage_py_beside_it_uses_its_database_and_its_keys(
        self, up: tuple[subprocess.Popen[str], dict[str, Any]], home: Path
    ) -> None:
        assert managed(home, "set_secret", "demo", "beside", given="a value").returncode == 0
        assert "\nkey: task:ping\n" in managed(home, "jobs_export", "demo", "--job", "task:ping").stdout
        up[0].terminate()
        up[0].wait(60)
        refused = managed(home, "jobs_export", "demo", "--job", "task:ping")
        assert (refused.returncode, refused.stderr.splitlines()) == (1, [refused.stderr.strip()])
        assert refused.stderr.startswith("error: SECRET_KEY is not set")

    def test_what_was_edited_is_as_it_was_left_at_the_next_start(
        self, up: tuple[subprocess.Popen[str], dict[str, Any]], command: Command, home: Path
    ) -> None:
        process, system = up
        document = yaml.safe_load(managed(home, "jobs_export", "demo", "--job", "datasource:flights").stdout)
        edited = home / "edited.yaml"
        edited.write_text(yaml.safe_dump(document | {"description": "mine"}))
        applied = managed(home, "jobs_apply", "demo", str(edited), "--unmanaged").stdout
        assert applied.startswith("changed    job datasource:flights ")
        before = api(system, "jobs/datasource:flights/").json()
        process.terminate()
        process.wait(60)
        again = command("up", PORT=str(free_port()))
        found = api(wait_for_up_json(again, home), "jobs/datasource:flights/").json()
        assert (found["description"], found["version"]) == ("mine", before["version"])

    def test_the_password_works_and_no_command_line_shows_it(
        self, up: tuple[subprocess.Popen[str], dict[str, Any]]
    ) -> None:
        _, system = up
        secrets = (system["admin_password"], system["api_token"], system["database_url"])
        lines = [command_line(int(path.name)) for path in Path("/proc").glob("[0-9]*")]
        assert not [line for line in lines for secret in secrets if secret in line]
        with requests.Session() as session:
            login = f"{system['url']}/admin/login/"
            session.get(login, timeout=30)
            form = {"username": system["admin_user"], "password": system["admin_password"]}
            form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
            assert (
                session.post(login, data=form, headers={"Referer": login}, timeout=30).url == f"{system['url']}/admin/"
            )

    def test_a_killed_worker_is_started_again_and_up_json_says_so(
        self, up: tuple[subprocess.Popen[str], dict[str, Any]], home: Path
    ) -> None:
        process, system = up
        os.kill(system["processes"]["worker-1"], signal.SIGKILL)

        def is_another() -> bool:
            now = wait_for_up_json(process, home)["processes"]
            return bool(now.get("worker-1", system["processes"]["worker-1"]) != system["processes"]["worker-1"])

        assert wait_until(is_another, seconds=60)
        others = {name: pid for name, pid in system["processes"].items() if name != "worker-1"}
        assert others.items() <= wait_for_up_json(process, home)["processes"].items()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_stops_everything(
        self, up: tuple[subprocess.Popen[str], dict[str, Any]], home: Path, number: signal.Signals
    ) -> None:
        process, system = up
        process.send_signal(number)
        assert process.wait(60) == 0
        assert nothing_runs(system)
        assert not (home / "data" / "up.json").exists()

    def test_kill_9_leaves_nothing_behind_and_the_next_start_has_the_data(
        self, up: tuple[subprocess.Popen[str], dict[str, Any]], command: Command, home: Path
    ) -> None:
        process, system = up
        job = f"{system['url']}/api/v1/workspaces/demo/jobs/task:ping/trigger/"
        run = requests.post(job, json={}, headers={"Authorization": f"Bearer {system['api_token']}"}, timeout=30)
        assert run.status_code == 202
        process.kill()
        process.wait()
        assert wait_until(lambda: nothing_runs(system), seconds=30)
        again = command("up", PORT=str(free_port()))
        assert wait_until(lambda: again.poll() is not None or is_new(home, system), seconds=READY_SECONDS)
        assert api(wait_for_up_json(again, home), f"runs/{run.json()['id']}/").ok


def managed(home: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """`manage.py`, run with nothing in its environment but where the data is."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=CHECKOUT,
        env=_environment(home),
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_new(home: Path, old: dict[str, Any]) -> bool:
    file = home / "data" / "up.json"
    return file.exists() and bool(json.loads(file.read_text())["api_token"] != old["api_token"])


class TestDemo:
    def test_every_example_ends_as_expected_and_nothing_runs_afterwards(self, command: Command, home: Path) -> None:
        demo = command("demo")
        assert demo.wait(400) == 0, (home / "output.log").read_text()
        rows = {row["job"]: row for row in json.loads((home / "data" / "demo.json").read_text())}
        assert {"datasource:earthquakes", "datasource:flights", "task:ping"} <= set(rows)
        assert rows["task:check-partners"]["attempts"] == 280
        assert all(row["as_expected"] for row in rows.values())
        assert "task:check-partners" in (home / "output.log").read_text()
        assert not [line for line in map(command_line, pids()) if str(home) in line]


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]
