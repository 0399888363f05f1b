"""The whole system on one machine: servers, web, beat, two workers and the service that the examples call."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from embedded import spark
from embedded.attached import UP_LOCK, tell_environment
from embedded.errors import StartError
from embedded.output import Output
from embedded.owner_lock import OwnerLock
from embedded.ports import free_port, wanted_port
from embedded.private_files import private_folder, read_json, write_private_json
from embedded.processes import stop_leftover, wait_until
from embedded.programs import programs, runs_our_python
from embedded.servers import CHECKOUT, DATA, Servers, running_servers
from embedded.supervisor import Supervisor

ADMIN = "admin"
WORKSPACE = "demo"
EXAMPLES = CHECKOUT / "examples"
EXAMPLE_SERVICE = "http://127.0.0.1:8001"
"""The address that the manifests are written for; they are loaded with the one that is really used."""
_ANSWER_SECONDS = 90.0


@dataclass
class System:
    """A system that runs.

    Args:
        url: The web server's address, without a slash at the end.
        live_url: That of the process that serves live streams.
        example_url: That of the service which the examples call.
        admin_password, api_token: Made for this start.
        manifests: The examples, as they were loaded.
        servers, supervisor: What to keep running.
    """

    url: str
    live_url: str
    example_url: str
    admin_password: str = field(repr=False)
    api_token: str = field(repr=False)
    manifests: list[Path]
    servers: Servers
    supervisor: Supervisor

    def revive(self) -> list[str]:
        """One pass: start again what has died. Returns the names of what was started."""
        return [*self.servers.revive(), *self.supervisor.revive()]

    def describe(self) -> dict[str, object]:
        """What a script needs to use the system (``.data/up.json``)."""
        return {
            "url": self.url,
            "live_url": self.live_url,
            "example_url": self.example_url,
            "admin_user": ADMIN,
            "admin_password": self.admin_password,
            "api_token": self.api_token,
            "workspace": WORKSPACE,
            "database_url": self.servers.database_url,
            "broker_url": self.servers.broker_url,
            "processes": {**self.supervisor.pids(), **self.servers.pids()},
        }


@contextlib.contextmanager
def running_system(
    *, port: str, output: Output, beats: int = 1, data: Path = DATA, anew: bool = False
) -> Iterator[System]:
    """Have the system for the length of a ``with`` block; at its end everything is stopped.

    Args:
        port: Of the web server, on 127.0.0.1, as a person wrote it; empty for any free one.
        output: Gets the lines of all processes.
        beats: How many beats to run side by side.
        data: The private folder.
        anew: Load all examples, those that were edited too. Else a manifest that is as it was at the last start is left alone.

    Raises:
        AlreadyRunning: Another process runs the system of this folder.
        StartError: Something does not start.
    """
    private_folder(data)
    lock = OwnerLock(
        data / UP_LOCK, what="the system of this checkout (make up or make demo)", hint="; make stop ends it"
    )
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(lock.release)
        end_leftovers(data / "up.json")
        web = wanted_port(port) if port else free_port()
        servers = cleanup.enter_context(running_servers(data))
        own = _own_environment(servers, data=data)
        tell_environment(own, data=data)
        environment = {**os.environ, **own}
        supervisor = Supervisor(environment=environment, folder=CHECKOUT, lines=output)
        cleanup.callback(supervisor.stop)
        service, live = free_port(preferred=web + 1), free_port(preferred=web + 2)
        password = secrets.token_urlsafe(15)
        address = "http://127.0.0.1:{}".format
        manifests = written_for(address(service), folder=data / "examples")
        token = _prepare(environment, password=password, manifests=manifests, known=data / "examples.json", anew=anew)
        supervisor.start(programs(port=web, service=service, live=live, beats=beats))
        system = System(address(web), address(live), address(service), password, token, manifests, servers, supervisor)
        _wait_for_answer(system.url)
        yield system


def written_for(service: str, *, folder: Path, examples: Path = EXAMPLES) -> list[Path]:
    """Copy the example manifests, with the address at which the example service really is; that of Spark only where it can run.

    Returns the copies, by name.
    """
    left_out = {spark.MANIFEST} if spark.why_left_out() else set()
    private_folder(folder)
    for stale in folder.glob("*.yaml"):
        stale.unlink()
    copies = []
    for manifest in sorted(path for path in examples.glob("*.yaml") if path.name not in left_out):
        copies.append(folder / manifest.name)
        copies[-1].write_text(manifest.read_text(encoding="utf-8").replace(EXAMPLE_SERVICE, service), encoding="utf-8")
    return copies


def copied_to(folder: Path, *, examples: Path = EXAMPLES) -> Path:
    """Copy the example data there, where it is not yet; the folder."""
    for file in (examples / "data").iterdir():
        copy = folder / file.name
        if not copy.exists() or copy.stat().st_mtime_ns != file.stat().st_mtime_ns:
            shutil.copy2(file, copy)
    return folder


def end_leftovers(up_json: Path) -> None:
    """End the processes of a start that was killed, where the system could not do that itself, and remove what it wrote."""
    recorded = read_json(up_json).get("processes", {})
    for name, pid in recorded.items():
        if name in ("postgres", "redis"):
            continue  # their own start looks after them
        stop_leftover(int(pid), is_ours=runs_our_python, ask=signal.SIGTERM, grace_seconds=5)
    up_json.unlink(missing_ok=True)


def _own_environment(servers: Servers, *, data: Path) -> dict[str, str]:
    """What the processes need beside what we were given: the servers' addresses, and what is allowed on one's own machine only."""
    # Relative paths in the examples mean the first of these folders: copies, so that what a job writes is not in the checkout.
    files = copied_to(private_folder(data / "files"))
    return {
        "JOBS_EGRESS_ALLOW": "127.0.0.0/8,::1/128",
        "JOBS_FILE_ROOTS": f"{files},{EXAMPLES / 'data'}",
        "JOBS_STORED_FILES": str(private_folder(data / "stored")),
        "JOBS_DATASOURCE_OWN_DATABASE": "true",
        "JOBS_SPARK_TARGETS": os.environ.get("JOBS_SPARK_TARGETS", spark.TARGETS),
        "STATIC_ROOT": str(private_folder(data / "static")),
        "SECURE_COOKIES": "false",
        "LOG_JSON": "false",
        "LOG_LEVEL": "INFO",  # the ready words are said at this level
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",  # it is one's own machine
        "DJANGO_SETTINGS_MODULE": "jobsproject.settings",
        **servers.environment,
    }


def _prepare(environment: Mapping[str, str], *, password: str, manifests: list[Path], known: Path, anew: bool) -> str:
    """Run embedded/prepare.py; the API token. ``known`` keeps which examples were loaded: who edits one keeps the edit."""
    before = {} if anew else read_json(known)
    now = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in manifests}
    changed = [path for path in manifests if before.get(path.name) != now[path.name]]
    token = _run_prepare(environment, password=password, manifests=changed)
    write_private_json(known, now)
    return token


def _run_prepare(environment: Mapping[str, str], *, password: str, manifests: list[Path]) -> str:
    wishes = {"admin_user": ADMIN, "admin_password": password, "workspace": WORKSPACE}
    done = subprocess.run(
        [sys.executable, "-m", "embedded.prepare"],
        input=json.dumps({**wishes, "manifests": list(map(str, manifests))}),
        env=dict(environment),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StartError(f"the database cannot be prepared: {done.stderr.strip()[-1500:]}")
    return str(json.loads(done.stdout.splitlines()[-1])["api_token"])


def _wait_for_answer(url: str) -> None:
    def answers() -> bool:
        with contextlib.suppress(requests.RequestException):
            return session.get(f"{url}/admin/login/", timeout=5).ok
        return False

    with requests.Session() as session:
        session.trust_env = False  # a proxy is not asked for what is on this machine
        answered = wait_until(answers, seconds=_ANSWER_SECONDS)
    if not answered:
        raise StartError(f"the web server does not answer at {url}/admin/login/; see .data/logs/web.log")


def write_up_json(path: Path, system: System) -> None:
    """Tell scripts that all is ready, and where."""
    write_private_json(path, system.describe())
