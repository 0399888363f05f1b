"""The database and the broker that the commands and the tests use: the ones they are given, or private ones."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from embedded import postgres, redis_server
from embedded.binaries import find_postgres, find_redis
from embedded.errors import StartError
from embedded.home import Home, generated_secrets, open_home
from embedded.owner_lock import OwnerLock
from embedded.postgres import Postgres
from embedded.redis_server import RedisServer

CHECKOUT = Path(__file__).resolve().parent.parent
DATA = CHECKOUT / (os.environ.get("EMBEDDED_DATA") or ".data")
LOCK = "servers.lock"


class Server(Protocol):
    """What is kept running while its home is in use."""

    name: str

    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class Servers:
    """A database and a broker that run.

    Args:
        database_url, broker_url: Their addresses, the database's with its password.
        environment: What a process of this project needs in its environment to use them.
        private: The servers that are ours to keep running; none when the addresses were given.
    """

    database_url: str = field(repr=False)
    broker_url: str
    environment: dict[str, str] = field(repr=False)
    private: list[Server] = field(default_factory=list)

    def pids(self) -> dict[str, int]:
        """The process ids of the private servers, by name."""
        return {server.name: server.pid for server in self.private if server.pid}

    def revive(self) -> list[str]:
        """Start again what has died; the names of what was started."""
        dead = [server for server in self.private if server.pid is None]
        for server in dead:
            server.start()
        return [server.name for server in dead]


@contextlib.contextmanager
def running_servers(folder: Path = DATA, *, keep: bool = True) -> Iterator[Servers]:
    """Have a database and a broker for the length of a ``with`` block.

    Args:
        folder: The private folder of the servers, and of the generated keys.
        keep: False removes the data at the end.

    Raises:
        AlreadyRunning: Another process has started the servers of this folder.
        StartError: Only one of DATABASE_URL and BROKER_URL is set, or a server does not start.
    """
    given = given_addresses(os.environ)
    if given:
        yield Servers(*given, environment=_environment(generated_secrets(folder), *given))
        return
    home = open_home(folder)
    with contextlib.ExitStack() as cleanup:
        # One lock beside the data: two copies of a checkout may have the same secrets.json, and so the same data.
        lock = OwnerLock(home.data / LOCK, what="a private PostgreSQL and Redis")
        cleanup.callback(lock.release)
        if not keep:
            cleanup.callback(home.erase)
        yield _start(home, cleanup)


def end_private_leftovers(home: Home) -> None:
    """End the servers that a killed owner left behind, where the system could not do that itself."""
    for folder in home.data.glob("postgres-*"):
        postgres.end_leftover(folder)
    redis_server.end_leftover(home.data / "redis" / redis_server.PID_FILE, serves=home.sockets() / redis_server.SOCKET)


def given_addresses(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """DATABASE_URL and BROKER_URL, or None when neither is set.

    Raises:
        StartError: Only one of them is set.
    """
    database_url, broker_url = environment.get("DATABASE_URL"), environment.get("BROKER_URL")
    if bool(database_url) != bool(broker_url):
        missing = "BROKER_URL" if database_url else "DATABASE_URL"
        raise StartError(
            f"{missing} is not set: set DATABASE_URL and BROKER_URL both, or neither to have private servers started"
        )
    return (database_url, broker_url) if database_url and broker_url else None


def _start(home: Home, cleanup: contextlib.ExitStack) -> Servers:
    database = Postgres(home=home, installed=find_postgres(os.environ.get("EMBEDDED_POSTGRES", "")))
    broker = RedisServer(home=home, program=find_redis())
    for server in (database, broker):
        cleanup.callback(server.stop)
        server.start()
    environment = _environment(home.secrets, database.url, broker.url)
    return Servers(database.url, broker.url, environment=environment, private=[database, broker])


def _environment(secrets: Mapping[str, str], database_url: str, broker_url: str) -> dict[str, str]:
    """What the settings need; what the caller has set himself stays."""
    generated = {
        "SECRET_KEY": secrets["secret_key"],
        "JOBS_SECRET_KEYS": secrets["fernet_key"],
        "SECURE_COOKIES": "false",  # the address is http://127.0.0.1
        "LOG_JSON": "false",
    }
    given = {name: value for name in generated if (value := os.environ.get(name))}
    return {**generated, **given, "DATABASE_URL": database_url, "BROKER_URL": broker_url}
