"""A whole private machine for the acceptance tests: PostgreSQL, Redis and the web server, all on loopback or unix sockets."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import redis
import requests

from embedded.binaries import find_postgres, find_redis
from embedded.home import Home, open_home
from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.processes import finish, spawn
from embedded.redis_server import RedisServer
from embedded.servers import CHECKOUT
from tests.acceptance.waiting import wait_for

WORKSPACE = "acceptance"
_ROWS = (
    "jobs_log_line, jobs_event, jobs_requeued, jobs_lane, jobs_attempt, jobs_payload, jobs_run, jobs_job, jobs_secret,"
    " scheduler_ending, scheduler_fire, scheduler_upstream, scheduler_schedule"
)
_OTHERS = ("JOBS_", "EMBEDDED_", "LOG_", "PYTHONDONTWRITEBYTECODE")
"""Variables that our processes must not inherit. The last one makes each of them compile all that it imports, which takes 3 s."""
_START_SECONDS = 30.0


class Machine:
    """The servers and the web process, shared by the tests of a session."""

    def __init__(self, *, folder: Path, home: Home) -> None:
        self.folder = folder
        self.postgres = Postgres(home=home, installed=find_postgres(os.environ.get("EMBEDDED_POSTGRES", "")))
        self.redis = RedisServer(home=home, program=find_redis())
        self.web_log = folder / "web.log"
        self.url = f"http://127.0.0.1:{free_port()}"
        self._keys = {
            "SECRET_KEY": secrets.token_urlsafe(40),
            "JOBS_SECRET_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        self.token = ""
        """The administrator's, for the API, once the machine is prepared."""
        self._web: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the project's processes need; a lease is short, so that losing it takes seconds."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)},
            **self._keys,
            "DATABASE_URL": self.postgres.url,
            "BROKER_URL": self.redis.url,
            "JOBS_EGRESS_ALLOW": "127.0.0.0/8",
            "JOBS_LEASE_SECONDS": "3",
            "JOBS_SLICE_SECONDS": "1",
            "LOG_JSON": "false",
            "PYTHONUNBUFFERED": "1",
            "SECURE_COOKIES": "false",
            "STATIC_ROOT": str(self.folder / "static"),
            "DJANGO_SETTINGS_MODULE": "jobsproject.settings",
        }

    def prepare(self) -> None:
        """Make the tables, an administrator, the workspace and a token, as ``make up`` does."""
        manifest = self.folder / "nothing.yaml"
        manifest.write_text(json.dumps({"key": "task:nothing", "payload": [{"kind": "noop"}]}))
        password = secrets.token_urlsafe(20)
        wishes = {
            "admin_user": "admin",
            "admin_password": password,
            "workspace": WORKSPACE,
            "manifests": [str(manifest)],
        }
        self.token = json.loads(self.python("-m", "embedded.prepare", given=json.dumps(wishes)))["api_token"]

    def python(self, *arguments: str, given: str = "") -> str:
        """Run a program of the project with this standard input; its output."""
        done = subprocess.run(
            [sys.executable, *arguments],
            input=given,
            env=self.environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr[-2000:]}"
        return done.stdout

    def start_web(self, **environment: str) -> None:
        """Start the web server anew."""
        self.stop_web()
        address = self.url.removeprefix("http://")
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "jobsproject.wsgi",
            "-k",
            "gthread",
            "--threads",
            "4",
            "-b",
            address,
        ]
        with self.web_log.open("wb") as output:
            self._web = spawn(
                command,
                output=output,
                death_signal=signal.SIGKILL,
                environment={**self.environment, **environment},
                folder=CHECKOUT,
            )
        wait_for("the web server", self._web_answers, seconds=_START_SECONDS, report=self.web_log.read_text)

    def stop_web(self) -> None:
        """Stop it."""
        if self._web:
            self._web.kill()
            finish(self._web, grace_seconds=5)

    def clear(self) -> None:
        """Forget every job, run and message."""
        with self.database() as connection:
            connection.execute(f"TRUNCATE {_ROWS} CASCADE")
        with self.broker() as broker:
            broker.flushall()

    def ask(self, method: str, path: str, *, body: object = None, seconds: float = 30.0) -> requests.Response:
        """Call the API below the workspace's address."""
        address = f"{self.url}/api/v1/workspaces/{WORKSPACE}/{path}"
        return requests.request(
            method, address, json=body, headers={"Authorization": f"Bearer {self.token}"}, timeout=seconds
        )

    def database(self) -> psycopg.Connection:
        """A connection of one's own, in autocommit mode."""
        return psycopg.connect(self.postgres.url, autocommit=True)

    def broker(self) -> redis.Redis:
        """A client of the broker."""
        return redis.Redis(unix_socket_path=str(self.redis.socket))

    def _web_answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return self.ask("GET", "runs/").ok
        return False


@contextlib.contextmanager
def running_machine(folder: Path) -> Iterator[Machine]:
    """Have the machine for the length of a ``with`` block; its data goes with it."""
    home = open_home(folder / "servers")
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(home.erase)
        machine = Machine(folder=folder, home=home)
        for server in (machine.postgres, machine.redis):
            cleanup.callback(server.stop)
            server.start()
        cleanup.callback(machine.stop_web)
        machine.prepare()
        machine.start_web()
        yield machine
