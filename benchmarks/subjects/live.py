"""This system's live streams: five hundred clients of one process, on sockets of their own."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from benchmarks.processes import Group, cpu_seconds, memory_mb, running
from benchmarks.report import percentile
from benchmarks.servers import Servers
from benchmarks.subjects.base import Sample
from benchmarks.subjects.ours import Ours
from embedded.ports import free_port

DATABASE = "jobs_bench_live"
CLIENTS = 500
EVENTS = 200
PAUSE_SECONDS = 0.05
IDLE_SECONDS = 5.0
COUNTED_SECONDS = 12.0
"""After so long PostgreSQL has counted what a session did that has nothing more to do: the clients' beginning is not to be counted
with what comes after it."""
LIMIT_SECONDS = 120.0

_ID = re.compile(rb"^id: ([0-9]+)\r?\n?$")
_PEOPLE = """
    WITH workspace AS (
        INSERT INTO jobs_workspace (slug, name, created_at) VALUES ('bench', 'bench', now()) RETURNING id
    ), person AS (
        INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser, first_name, last_name, email, date_joined)
        VALUES ('bench', '', true, false, false, '', '', '', now()) RETURNING id
    ), member AS (
        INSERT INTO jobs_membership (workspace_id, user_id, role) SELECT workspace.id, person.id, 'viewer' FROM workspace, person
    )
    INSERT INTO jobs_api_token (user_id, name, digest, created_at) SELECT id, 'bench', %s, now() FROM person
"""
_WRITE = """
    INSERT INTO jobs_event (workspace_id, kind, actor, data)
    SELECT id, 'bench.event', '', '{"total": 1, "failed": 0}' FROM jobs_workspace RETURNING id
"""
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@dataclass
class _Seen:
    """When each event was committed, and how much later each client had it; in seconds."""

    committed: dict[int, float] = field(default_factory=dict)
    arrived: list[tuple[int, float]] = field(default_factory=list)

    def latencies(self) -> list[float]:
        return [at - self.committed[event_id] for event_id, at in self.arrived]


class OursLive(Ours):
    """Clients of a workspace's stream, and a session that commits an event every `PAUSE_SECONDS`."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=DATABASE)

    def install(self) -> None:
        """A database with a workspace, and somebody who may watch it."""
        super().install()
        self._token = f"jobs_{secrets.token_urlsafe(32)}"
        with psycopg.connect(self._url) as connection:
            connection.execute(_PEOPLE, (hashlib.sha256(self._token.encode()).hexdigest(),))

    def watch(self) -> Sample:
        """From an event's commit to each of the clients; the queries that the process makes meanwhile, what an event to all of them
        takes of its core, and its memory."""
        port = free_port()
        command = {"live": ["jobsproject.live", "--bind", f"127.0.0.1:{port}"]}
        with running(commands=command, environment=self._environment, ready=lambda: _listens(port)) as groups:
            return asyncio.run(self._watch(port, groups))

    async def _watch(self, port: int, groups: list[Group]) -> Sample:
        seen = _Seen()
        idle_mb = memory_mb(groups)
        clients = [asyncio.create_task(self._client(port, seen)) for _ in range(CLIENTS)]
        with psycopg.connect(self._url, autocommit=True) as connection:
            await self._until(lambda: self._all_are_there(connection, seen), "the clients to be connected")
            await asyncio.sleep(COUNTED_SECONDS)
            seen.arrived.clear()
            quiet = await self._queries(connection, self._nothing())
            used = cpu_seconds(groups)
            busy = await self._queries(connection, self._write(connection, seen), own=EVENTS)
            await self._until(lambda: len(seen.arrived) >= CLIENTS * EVENTS, "all events to arrive")
            each_ms = (cpu_seconds(groups) - used) * 1000 / EVENTS
        sample = {f"p{percent}_ms": percentile(seen.latencies(), percent=percent) * 1000 for percent in (50, 99)}
        sample |= {"idle_queries_per_second": quiet, "queries_per_second": busy}
        sample |= {
            "event_cpu_ms": each_ms,
            "idle_rss_mb": idle_mb or 0.0,
            "busy_rss_mb": memory_mb(groups, peak=True) or 0.0,
        }
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        return sample

    def _all_are_there(self, connection: psycopg.Connection, seen: _Seen) -> bool:
        """One event after the other, until one has reached them all."""
        if seen.committed and sum(event_id == max(seen.committed) for event_id, _ in seen.arrived) == CLIENTS:
            return True
        self._commit(connection, seen)
        return False

    async def _queries(self, connection: psycopg.Connection, doing: asyncio.Future[None], *, own: int = 0) -> float:
        """How many statements the live process had committed a second, while that was done; ``own``: how many were ours."""
        await asyncio.sleep(1.5)  # PostgreSQL counts what a session did at most once a second.
        before, began = self._commits(connection), time.monotonic()
        await doing
        await asyncio.sleep(1.5)
        asking = 2  # which the one who counts did since
        return (self._commits(connection) - before - own - asking) / (time.monotonic() - began)

    @staticmethod
    def _commits(connection: psycopg.Connection) -> int:
        connection.execute("SELECT pg_stat_force_next_flush()")  # of what this session did
        row = connection.execute(_COMMITS).fetchone()
        return int(row[0]) if row else 0

    def _nothing(self) -> asyncio.Future[None]:
        return asyncio.ensure_future(asyncio.sleep(IDLE_SECONDS))

    def _write(self, connection: psycopg.Connection, seen: _Seen) -> asyncio.Future[None]:
        async def write() -> None:
            for _ in range(EVENTS):
                self._commit(connection, seen)
                await asyncio.sleep(PAUSE_SECONDS)

        return asyncio.ensure_future(write())

    @staticmethod
    def _commit(connection: psycopg.Connection, seen: _Seen) -> None:
        row = connection.execute(_WRITE).fetchone()
        assert row is not None
        seen.committed[int(row[0])] = time.monotonic()

    async def _client(self, port: int, seen: _Seen) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /api/v1/workspaces/bench/live/ HTTP/1.1\r\nHost: localhost\r\n"
            + f"Authorization: Bearer {self._token}\r\n\r\n".encode()
        )
        place = 0
        while line := await reader.readline():
            if found := _ID.match(line):
                place = int(found[1])
            elif line == b"event: event\n":
                seen.arrived.append((place, time.monotonic()))

    @staticmethod
    async def _until(condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + LIMIT_SECONDS
        while not condition():
            if time.monotonic() > until:
                raise RuntimeError(f"waited {LIMIT_SECONDS:g} s for {what}: see .data/bench/live.log")
            await asyncio.sleep(0.5)


def _listens(port: int) -> bool:
    """Whether somebody answers there."""

    async def connect() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    return asyncio.run(connect())
