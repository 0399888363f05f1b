"""Events, written as the engine writes them, and transactions that are held open."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg
from django.db import connection

from jobs.api.live.hub import HUB
from jobs.models import Event, Job, Run


def write(job: Job, kind: str = "job.updated", *, run: Run | None = None) -> int:
    """An event of the job, or of a run of it; its id."""
    return Event.objects.create(workspace_id=job.workspace_id, job=job, run=run, kind=kind, actor="mia").pk


@contextlib.contextmanager
def writing_later(job: Job, kind: str, *, seconds: float) -> Iterator[None]:
    """An event of the job comes this long after the ``with`` block has begun."""

    def write_and_leave() -> None:
        try:
            write(job, kind)
        finally:
            connection.close()  # or it never goes back to the pool

    later = threading.Timer(seconds, write_and_leave)
    later.start()
    try:
        yield
    finally:
        later.join()


class Writer:
    """A session of its own, in a transaction that is not over."""

    def __init__(self, session: psycopg.Connection) -> None:
        self._session = session

    def write(self, job: Job, kind: str) -> int:
        """An event; its id, which is taken now."""
        statement = "INSERT INTO jobs_event (workspace_id, job_id, kind, actor, data) VALUES (%s, %s, %s, '', '{}') RETURNING id"
        row = self._session.execute(statement, (job.workspace_id, job.pk, kind)).fetchone()
        assert row is not None
        return int(row[0])

    def lock_out(self) -> None:
        """Let nobody else write events until this is over, as an index does that is not built concurrently."""
        self._session.execute("LOCK TABLE jobs_event IN SHARE MODE")

    def commit(self) -> None:
        """Make it visible."""
        self._session.commit()

    def roll_back(self) -> None:
        """Leave holes in the ids."""
        self._session.rollback()


@contextlib.contextmanager
def writer() -> Iterator[Writer]:
    """One, for the length of a ``with`` block."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as session:
        yield Writer(session)
        session.rollback()


def let_the_reader_go() -> None:
    """Wait until this process's reader, which nobody needs, has noticed that: who comes next is told what there is by then."""
    assert HUB.watching == 0
    if (thread := HUB._thread) is not None:
        thread.join()
