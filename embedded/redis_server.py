"""A private Redis: started on a unix socket, found again after a crash, stopped."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from functools import cached_property
from pathlib import Path

from embedded.errors import StartError
from embedded.home import Home
from embedded.processes import spawn, stop, stop_leftover, wait_until

SOCKET = "redis.sock"
PID_FILE = "redis.pid"
_READY_SECONDS = 60.0  # it answers once it has read its file
_SETTINGS = {
    "--port": "0",
    "--unixsocketperm": "700",
    "--appendonly": "yes",
    "--maxmemory-policy": "noeviction",  # a broker that forgets messages to make room is no broker
    "--daemonize": "no",
}


class RedisServer:
    """The Redis of a home. It listens on a socket in a folder that only its account may enter, and on no network."""

    name = "redis"

    def __init__(self, *, home: Home, program: Path) -> None:
        """Prepare; nothing is started yet."""
        self._home = home
        self._program = home.reachable_program(program)
        self._process: subprocess.Popen[str] | None = None

    @cached_property
    def socket(self) -> Path:
        """The socket's path."""
        return self._home.sockets() / SOCKET

    @property
    def url(self) -> str:
        """The broker's address."""
        return f"redis+socket://{self.socket}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """End what an earlier owner left behind, start, and wait until it answers.

        Raises:
            StartError: It does not start; the message says where its log is.
        """
        folder = self._home.folder("redis")
        pid_file = folder / PID_FILE
        end_leftover(pid_file, serves=self.socket)
        places = {"--unixsocket": str(self.socket), "--dir": str(folder), "--pidfile": str(pid_file)}
        options = [word for option in {**_SETTINGS, **places}.items() for word in option]
        with self._home.log(self.name).open("a") as output:
            process = self._process = spawn(
                [self._program, *options], output=output, death_signal=signal.SIGTERM, account=self._home.account
            )
        wait_until(lambda: process.poll() is not None or self._answers(), seconds=_READY_SECONDS)
        if process.poll() is not None or not self._answers():
            raise StartError(f"Redis does not start; its log is {self._home.log(self.name)}")

    def stop(self) -> None:
        """Stop it; it saves what it holds first."""
        if self._process:
            stop(self._process, ask=signal.SIGTERM, grace_seconds=10)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
        return False


def end_leftover(pid_file: Path, *, serves: Path) -> None:
    """End the Redis that a pid file names, if it is the one on that socket."""
    # It shows itself as "redis-server unixsocket:PATH", whatever it was started with.
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid = int(pid_file.read_text())
        stop_leftover(pid, is_ours=lambda line: f"unixsocket:{serves}" in line, ask=signal.SIGTERM, grace_seconds=10)
