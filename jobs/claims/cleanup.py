"""Erasing old runs and what is kept beside them, on the connection given: one transaction a batch.

The engine's connections serve it well: their plans go by index however the statistics stand, and nothing here locks a row that the
engine wants. A pool of its own, for a batch takes tenths of a second and lanes shall not wait for a connection meanwhile.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, LiteralString, NamedTuple

import psycopg
from django.conf import settings
from psycopg.sql import SQL, Identifier

from jobs import cleaners, hotpath, sql
from jobs.claims.shapes import Connection
from jobs.cleaners import Found, PartOfRuns, Scope

_LOCK = 0x6A6F6273
"""The class of the advisory locks that cleanups take of each other ("jobs")."""


class OldRun(NamedTuple):
    """A run on a page: whether it began before the cleanup's time, and whether the cleanup wants it."""

    id: int
    is_old: bool
    is_wanted: bool


class OldReplays(NamedTuple):
    """A job that has old replays, and how many it keeps; None for what jobs keep that do not say."""

    follow_up_id: int
    job_id: int
    workspace_id: int
    keep: int | None


class Place(NamedTuple):
    """Where a cleanup stands, and what it has erased so far."""

    stage: int
    after: int
    counts: dict[str, int]


def connection() -> AbstractContextManager[Connection]:
    """A connection of the cleanups' own pool. Raises psycopg.OperationalError when there is none."""
    return hotpath.connection(hotpath.CLEANUP)


def wait_at_most(connection: Connection, *, lock_wait: dt.timedelta) -> None:
    """Let statements fail that wait longer than that for a lock, until the transaction ends.

    Args:
        lock_wait: At least a millisecond.
    """
    milliseconds = f"{lock_wait / dt.timedelta(milliseconds=1):.0f}"
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (milliseconds,))


def take_turn(connection: Connection, *, workspace_id: int) -> None:
    """Wait until no other cleanup works on this workspace, until the transaction ends: two would wait for each other's runs."""
    connection.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", (_LOCK, workspace_id))


def lock_place(connection: Connection, *, run_id: int, position: int) -> Place:
    """Where the cleanup of one payload stands, locked until the transaction ends. One that begins stands at the beginning."""
    connection.execute(
        "INSERT INTO jobs_cleanup (run_id, position, counts) VALUES (%s, %s, '{}') ON CONFLICT DO NOTHING",
        (run_id, position),
    )
    row = connection.execute(
        "SELECT stage, after, counts FROM jobs_cleanup WHERE run_id = %s AND position = %s FOR UPDATE",
        (run_id, position),
    ).fetchone()
    assert row is not None
    return Place(row.stage, row.after, row.counts)


def keep_place(connection: Connection, *, run_id: int, position: int, place: Place) -> None:
    """Write down where it stands now."""
    connection.execute(
        "UPDATE jobs_cleanup SET stage = %s, after = %s, counts = %s::jsonb WHERE run_id = %s AND position = %s",
        (place.stage, place.after, json.dumps(place.counts), run_id, position),
    )


def jobs_of(
    connection: Connection, *, workspace_id: int, keys: Sequence[str] | None, except_keys: Sequence[str]
) -> tuple[int, ...]:
    """The ids of a workspace's jobs whose keys are LIKE one of ``keys`` (None for all) and none of ``except_keys``."""
    rows = connection.execute(
        "SELECT id FROM jobs_job WHERE workspace_id = %(workspace_id)s"
        " AND (%(keys)s::text[] IS NULL OR type || ':' || name LIKE ANY (%(keys)s::text[]))"
        " AND NOT type || ':' || name LIKE ANY (%(except_keys)s::text[]) ORDER BY id",
        {"workspace_id": workspace_id, "keys": keys, "except_keys": except_keys},
    ).fetchall()
    return tuple(row.id for row in rows)


def find_runs(
    connection: Connection,
    *,
    scope: Scope,
    keys: Sequence[str] | None,
    except_keys: Sequence[str],
    states: Sequence[str] | None,
    after: int,
    page: int,
) -> list[OldRun]:
    """The next page of a workspace's runs by id.

    Args:
        keys, except_keys: LIKE patterns of the jobs' keys; None for all.
        states: None for all final ones.
        after: The last id that was dealt with.
    """
    values = {
        "workspace_id": scope.workspace_id,
        "before": scope.before,
        "keep_newest": scope.keep_newest,
        "keys": None if keys is None else list(keys),
        "except_keys": list(except_keys),
        "states": None if states is None else list(states),
        "after": after,
        "page": page,
    }
    return [OldRun(*row) for row in _execute(connection, "find_runs", values)]


def lock_runs(connection: Connection, *, run_ids: Sequence[int]) -> list[int]:
    """Those of these runs that have ended and could be locked at once."""
    return _ids(connection, "lock_runs", {"run_ids": list(run_ids)})


def erasable_runs(connection: Connection, *, run_ids: Sequence[int]) -> list[int]:
    """Those of these runs that may be erased. True for as long as they are locked (`lock_runs`)."""
    return _ids(connection, "erasable_runs", {"run_ids": list(run_ids)})


def erase_runs(connection: Connection, *, run_ids: Sequence[int]) -> int:
    """Erase runs that are locked, after their parts."""
    return len(_execute(connection, "erase_runs", {"run_ids": list(run_ids)}))


def next_old_replays(connection: Connection, *, kind: str) -> OldReplays | None:
    """The first job whose old replays are to be erased, and that nobody else is at; locked until the transaction ends."""
    rows = _execute(connection, "next_old_replays", {"kind": kind})
    return OldReplays(*rows[0]) if rows else None


def find_replays(connection: Connection, *, job_id: int, keep: int, limit: int) -> list[int]:
    """The oldest replays of a job, but for the newest that it keeps."""
    return _ids(connection, "find_replays", {"job_id": job_id, "keep": keep, "limit": limit})


def known_files(connection: Connection, *, paths: Sequence[str]) -> set[str]:
    """Those of these paths, below the folder of stored files, that have a row."""
    rows = connection.execute("SELECT path FROM jobs_stored_file WHERE path = ANY (%s::text[])", (list(paths),))
    return {row.path for row in rows.fetchall()}


def rows_of_runs(*, name: str, table: str, where: LiteralString = "true") -> PartOfRuns:
    """The rows of a table that has a ``run_id`` with an index.

    Args:
        name: What they are called in counts.
        table: Its name, as it may stand in a statement.
        where: Which of them; it may name the row ``t`` and the parameter ``%(audit)s``.
    """
    # LATERAL with OFFSET 0: a look into the index for each run, whatever the statistics say; rows by their place on the page.
    found = SQL(
        "FROM unnest(%(run_ids)s::bigint[]) AS run (id),"
        " LATERAL (SELECT t.ctid FROM {} AS t WHERE t.run_id = run.id AND {} OFFSET 0) AS t"
    ).format(Identifier(table), SQL(where))
    delete = SQL("DELETE FROM {} WHERE ctid = ANY (ARRAY(SELECT t.ctid {} LIMIT %(limit)s))").format(
        Identifier(table), found
    )

    def erase(connection: Connection, scope: Scope, run_ids: Sequence[int], limit: int) -> int:
        return connection.execute(delete, {"run_ids": list(run_ids), "limit": limit, "audit": scope.audit}).rowcount

    def count(connection: Connection, scope: Scope, run_ids: Sequence[int]) -> int:
        values = {"run_ids": list(run_ids), "audit": scope.audit}
        return _number(connection.execute(SQL("SELECT count(*) {}").format(found), values))

    return PartOfRuns(name=name, erase=erase, count=count)


def _erase_results(connection: Connection, scope: Scope, run_ids: Sequence[int], limit: int) -> int:
    values = {"run_ids": list(run_ids), "limit": limit}
    return hotpath.execute(connection, "erase_results", values, of=sql.CLEANUP).rowcount


def _count_results(connection: Connection, scope: Scope, run_ids: Sequence[int]) -> int:
    return _number(hotpath.execute(connection, "count_results", {"run_ids": list(run_ids)}, of=sql.CLEANUP))


AUDIT_PAGE = 5_000


def _audit_page(connection: Connection, scope: Scope, after: int) -> list[Any]:
    job_ids = None if scope.job_ids is None else list(scope.job_ids)
    values = {"workspace_id": scope.workspace_id, "before": scope.before, "job_ids": job_ids}
    return _execute(connection, "find_audit", {**values, "after": after, "page": AUDIT_PAGE})


def _after(page: Sequence[Any]) -> int | None:
    """Where the next page begins; None when no older one can follow."""
    return page[-1].id if any(row.is_old for row in page) else None


def _erase_audit(connection: Connection, scope: Scope, after: int, limit: int) -> Found:
    page = _audit_page(connection, scope, after)[:limit]
    wanted = [row.id for row in page if row.is_wanted]
    connection.execute("DELETE FROM jobs_event WHERE id = ANY (%s::bigint[])", (wanted,))
    return Found(len(wanted), _after(page))


def _count_audit(connection: Connection, scope: Scope, after: int) -> Found:
    page = _audit_page(connection, scope, after)
    return Found(sum(row.is_wanted for row in page), _after(page))


_OLD_ENTRIES = """
    SELECT id FROM jobs_audit_entry
    WHERE workspace_id = %(workspace_id)s AND id > %(after)s
        AND at < LEAST(%(before)s, clock_timestamp() - make_interval(days => %(days)s))
    ORDER BY id LIMIT %(limit)s
"""


def _old_entries(connection: Connection, scope: Scope, after: int, limit: int) -> list[int]:
    """Those of the whole workspace; younger ones than JOBS_AUDIT_DAYS stay, whatever is asked for."""
    if scope.job_ids is not None:
        return []
    values = {"workspace_id": scope.workspace_id, "after": after, "before": scope.before, "limit": limit}
    rows = connection.execute(_OLD_ENTRIES, values | {"days": settings.JOBS_AUDIT_DAYS})
    return [row[0] for row in rows.fetchall()]


def _erase_entries(connection: Connection, scope: Scope, after: int, limit: int) -> Found:
    found = _old_entries(connection, scope, after, limit)
    connection.execute("SELECT jobs_erase_audit(%s::bigint[])", (found,))
    return Found(len(found), found[-1] if len(found) == limit else None)


def _count_entries(connection: Connection, scope: Scope, after: int) -> Found:
    found = _old_entries(connection, scope, after, AUDIT_PAGE)
    return Found(len(found), found[-1] if len(found) == AUDIT_PAGE else None)


def _erase_bulk_actions(connection: Connection, scope: Scope, after: int, limit: int) -> Found:
    """Those of the whole workspace: an action is no one job's."""
    if scope.job_ids is not None:
        return Found(0, None)
    erased = connection.execute(
        "DELETE FROM jobs_bulk_action WHERE id = ANY"
        " (ARRAY(SELECT id FROM jobs_bulk_action WHERE workspace_id = %s AND ended_at < %s LIMIT %s))",
        (scope.workspace_id, scope.before, limit),
    ).rowcount
    return Found(erased, after if erased == limit else None)


def _count_bulk_actions(connection: Connection, scope: Scope, after: int) -> Found:
    if scope.job_ids is not None:
        return Found(0, None)
    actions = connection.execute(
        "SELECT count(*) FROM jobs_bulk_action WHERE workspace_id = %s AND ended_at < %s",
        (scope.workspace_id, scope.before),
    )
    return Found(_number(actions), None)


PAYLOADS = rows_of_runs(name="payloads", table="jobs_payload")
"""Only with their run: a run without its payloads would say what is not so."""


def register() -> None:
    """Offer what this app keeps."""
    cleaners.register(
        rows_of_runs(name="attempts", table="jobs_attempt"),
        rows_of_runs(name="events", table="jobs_event", where="(%(audit)s OR t.actor = '')"),
        rows_of_runs(name="files", table="jobs_stored_file"),
        rows_of_runs(name="log_lines", table="jobs_log_line"),
        rows_of_runs(name="rejected_rows", table="jobs_rejected_row"),
        PartOfRuns(name="results", erase=_erase_results, count=_count_results, within=PAYLOADS.name),
        cleaners.OldRows(name="audit", erase=_erase_audit, count=_count_audit, only_audit=True),
        cleaners.OldRows(name="audit_entries", erase=_erase_entries, count=_count_entries, only_audit=True),
        cleaners.OldRows(name="bulk_actions", erase=_erase_bulk_actions, count=_count_bulk_actions),
    )


def _execute(connection: Connection, statement: str, values: Mapping[str, Any]) -> list[Any]:
    return hotpath.execute(connection, statement, values, of=sql.CLEANUP).fetchall()


def _ids(connection: Connection, statement: str, values: Mapping[str, Any]) -> list[int]:
    return [row.id for row in _execute(connection, statement, values)]


def _number(counted: psycopg.Cursor[Any]) -> int:
    row = counted.fetchone()
    return 0 if row is None else int(row[0])
