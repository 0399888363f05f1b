"""RabbitMQ on loopback, where the machine has its package (Debian: rabbitmq-server)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import kombu

from tests.integration.http_payload.identities import Identity

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Not the one on the PATH, which wants to become the user rabbitmq."""
_EPMD = "/usr/bin/epmd"
"""The port mapper: left to RabbitMQ, it would outlive it."""
_START_SECONDS = 90.0


@dataclass(frozen=True)
class RabbitMq:
    """Where it listens; its user is guest, with the password guest."""

    port: int
    tls_port: int

    @property
    def url(self) -> str:
        """Without encryption."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """With encryption."""
        return f"amqps://guest:guest@127.0.0.1:{self.tls_port}"


@contextmanager
def running(folder: Path, identity: Identity) -> Iterator[RabbitMq]:
    """One of our own, with its data in a folder; it and its port mapper end with it."""
    server = RabbitMq(*(_free_port() for _ in range(2)))
    names, distribution = _free_port(), _free_port()
    (folder / "rabbitmq.conf").write_text(_configuration(folder, server, identity))
    environment = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"sinks{server.port}@localhost",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
    }
    with contextlib.ExitStack() as cleanup:
        _start([_EPMD, "-port", str(names), "-address", "127.0.0.1"], folder / "names", environment, cleanup)
        process = _start([str(SERVER)], folder / "out", environment, cleanup)
        _wait(server, process, folder / "out")
        yield server


def _start(
    command: list[str], out: Path, environment: dict[str, str], cleanup: contextlib.ExitStack
) -> subprocess.Popen[bytes]:
    with out.open("wb") as said:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
    cleanup.callback(process.wait)
    cleanup.callback(_end, process.pid)
    return process


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _configuration(folder: Path, server: RabbitMq, identity: Identity) -> str:
    (folder / "certificate.pem").write_text(identity.pem)
    (folder / "key.pem").write_text(identity.key)
    return "\n".join(
        [
            f"listeners.tcp.local = 127.0.0.1:{server.port}",
            f"listeners.ssl.local = 127.0.0.1:{server.tls_port}",
            f"ssl_options.cacertfile = {folder / 'certificate.pem'}",
            f"ssl_options.certfile = {folder / 'certificate.pem'}",
            f"ssl_options.keyfile = {folder / 'key.pem'}",
            "ssl_options.verify = verify_none",
            "",
        ]
    )


def _wait(server: RabbitMq, process: subprocess.Popen[bytes], out: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with kombu.Connection(server.url, transport_options={"max_retries": 0}) as connection:
                connection.transport.establish_connection().close()
                return
        except OSError:
            time.sleep(0.2)  # a process that starts says nothing meanwhile
    raise AssertionError(f"RabbitMQ did not start: {out.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
