"""A private PostgreSQL: created once, started, found again after a crash, stopped."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import quote

import psycopg

from embedded.binaries import PostgresPrograms
from embedded.errors import StartError
from embedded.home import Home
from embedded.private_files import private_folder, write_private
from embedded.processes import spawn, stop, stop_leftover, wait_until

OWNER = DATABASE = "jobs"
_PORT = 5432  # part of the socket's name only: it listens on no network
_READY_SECONDS = 60.0  # a crash recovery may take its time
_STARTS = 20
"""After a kill -9 a start fails until the old backends have noticed that their parent died, which takes them moments."""
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "log_line_prefix": "%m [%p] ",
}


class Postgres:
    """One PostgreSQL server of a home, on a unix socket."""

    name = "postgres"

    def __init__(self, *, home: Home, installed: PostgresPrograms) -> None:
        """Prepare; nothing is started yet. Each major version has data of its own."""
        self._home = home
        self._version = installed.version
        self._programs = home.reachable(installed)
        self._folder = home.data / f"postgres-{installed.version}"
        self._process: subprocess.Popen[str] | None = None

    @cached_property
    def sockets(self) -> Path:
        """The folder of its socket."""
        return self._home.sockets()

    @property
    def url(self) -> str:
        """The database's address, with its password."""
        return self._url(DATABASE)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Create the data on the first start, end what an earlier owner left behind, start, and wait until it answers.

        Raises:
            StartError: It does not start; the message ends with its last words.
        """
        if not self._folder.exists():
            self._create()
        end_leftover(self._folder)
        if not any(self._try_to_start() for _ in range(_STARTS)):
            raise StartError(f"PostgreSQL does not start: {_last_lines(self._home.log(self.name))}")
        self._ensure_database()

    def stop(self) -> None:
        """Stop it: first cleanly, which ends its connections; by force when that takes too long."""
        if self._process:
            stop(self._process, ask=signal.SIGINT, grace_seconds=20)

    def _create(self) -> None:
        """Run initdb in a folder beside, and give it its name when it is complete: what was cut short is done again."""
        unfinished = self._folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        private_folder(unfinished, owner=self._home.account.uid)
        password = self._home.folder("run-initdb") / "password"
        write_private(password, self._home.postgres_password, owner=self._home.account.uid)
        options = [
            f"--username={OWNER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=utf8",
            *self._locale,
        ]
        done = subprocess.run(
            [str(self._programs / "initdb"), "-D", str(unfinished), *options],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **self._home.account.popen_options,
        )
        shutil.rmtree(password.parent)
        if done.returncode != 0:
            raise StartError(f"PostgreSQL's initdb failed: {done.stderr.strip()[-500:]}")
        unfinished.rename(self._folder)

    @property
    def _locale(self) -> list[str]:
        options = ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
        if self._version >= 17:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return options

    def _try_to_start(self) -> bool:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.sockets), "port": str(_PORT)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._home.log(self.name).open("a") as output:
            process = self._process = spawn(
                [self._programs / "postgres", "-D", self._folder, *options],
                output=output,
                death_signal=signal.SIGINT,  # a fast shutdown
                account=self._home.account,
            )
        wait_until(lambda: process.poll() is not None or self._is_ready(), seconds=_READY_SECONDS)
        return process.poll() is None

    def _is_ready(self) -> bool:
        """What pg_ctl looks at: the eighth line of the pid file."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self._folder / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return False

    def _ensure_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _url(self, database: str) -> str:
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{OWNER}:{self._home.postgres_password}@{host}:{_PORT}/{database}"


def end_leftover(folder: Path) -> None:
    """End the server that a data folder's pid file names, if it serves that folder; the file is stale then in any case."""
    pid_file = folder / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(pid_file.read_text().splitlines()[0])
        stop_leftover(pid, is_ours=partial(_serves, folder), ask=signal.SIGINT, grace_seconds=20)
        pid_file.unlink(missing_ok=True)


def _serves(folder: Path, command_line: str) -> bool:
    return "postgres" in command_line and f" -D {folder} " in f"{command_line} "


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " | ".join(lines[-3:]) or f"it says nothing in {log}"
