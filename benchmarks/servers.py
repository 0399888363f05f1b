"""The PostgreSQL and the Redis that every subject shares, each subject in a database of its own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import psycopg
import redis
from psycopg import sql

MARKER = "benchmarks"
"""A key that says that a Redis database is ours to flush: one that holds anything else is left alone."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers are.

    Args:
        database_url: ``postgresql://...``; its user may create databases.
        broker_url: ``redis://...`` or ``redis+socket:///path``.
    """

    database_url: str
    broker_url: str

    def database(self, *, name: str) -> str:
        """The URL of another database on the same server."""
        return urlsplit(self.database_url)._replace(path=f"/{name}").geturl()

    def broker(self, *, number: int) -> str:
        """The URL of another numbered database on the same Redis, as kombu reads it.

        Raises:
            ValueError: The broker is not a Redis.
        """
        url = urlsplit(self.broker_url)
        if url.scheme == "redis+socket":
            options = {**{key: values[-1] for key, values in parse_qs(url.query).items()}, "virtual_host": str(number)}
            return f"redis+socket://{url.netloc}{url.path}?{urlencode(options)}"
        if url.scheme in ("redis", "rediss"):
            return url._replace(path=f"/{number}").geturl()
        raise ValueError("BROKER_URL must be redis://, rediss:// or redis+socket://: the peers run on Redis")


def create_database(*, servers: Servers, name: str) -> str:
    """Make a database that is new and empty, in place of one left by a run that was killed; returns its URL."""
    drop_database(servers=servers, name=name)
    _administer(servers, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return servers.database(name=name)


def drop_database(*, servers: Servers, name: str) -> None:
    """Drop a database with whatever is connected to it; nothing when there is none."""
    _administer(servers, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def empty_broker(*, url: str) -> redis.Redis:
    """Empty a Redis database of ours and return a client for it.

    Raises:
        RuntimeError: The database holds keys and no mark of a former benchmark.
    """
    client = redis.Redis.from_url(client_url(url=url))
    if client.dbsize() and not client.exists(MARKER):
        raise RuntimeError(f"the Redis database of {url.rpartition('@')[2]} is in use: benchmarks need it empty")
    client.flushdb()
    client.set(MARKER, 1)
    return client


def stored(connection: psycopg.Connection) -> tuple[int, int]:
    """Count the rows and the bytes (indexes and TOAST included) of all tables in the schema public."""
    names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    rows = size = 0
    for name in names:
        counted = sql.SQL("SELECT count(*), pg_total_relation_size({}) FROM {}").format(
            sql.Literal(f'public."{name}"'), sql.Identifier("public", name)
        )
        table_rows, table_size = connection.execute(counted).fetchone() or (0, 0)
        rows, size = rows + table_rows, size + table_size
    return rows, size


def client_url(*, url: str) -> str:
    """Put kombu's form of a Redis address into redis-py's words."""
    parts = urlsplit(url)
    if parts.scheme != "redis+socket":
        return url
    number = parse_qs(parts.query).get("virtual_host", ["0"])[-1]
    return f"unix://{parts.netloc}{quote(parts.path)}?db={number}"


def _administer(servers: Servers, statement: sql.Composed) -> None:
    with psycopg.connect(servers.database(name="postgres"), autocommit=True) as connection:
        connection.execute(statement)
