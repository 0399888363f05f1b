"""Erasing old history: runs with all that is kept beside them, parts of runs, and what stands by itself.

A cleanup is a series of steps, each one short transaction. Who calls `step` decides when to go on and where the place is kept: a
payload keeps it in the database (`PayloadLedger`), a command in memory (`MemoryLedger`). It never waits for a run, and no run
waits for it: it locks ended runs alone, and passes over those that somebody else has locked.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from jobs import cleaners
from jobs.claims import Connection
from jobs.claims import cleanup as claims
from jobs.claims.cleanup import Place
from jobs.cleaners import RUNS, Found, OldRows, PartOfRuns, Scope
from jobs.documents.cleanup import DEFAULT_KEEP_NEWEST, CleanupRequest

PAGE = 1_000
"""Runs looked at, and at most erased, in one transaction."""
LIMIT = 20_000
"""Rows of one sort erased in one transaction: about a tenth of a second."""
FILES = "files"
RESULTS = ("results", claims.PAYLOADS.name)
"""What holds results: by itself, or with all else."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be erased.

    Args:
        workspace_ids: Of these, in this order.
        before: Aware UTC: only runs that ended before it, and rows that are older.
        keep_newest: The newest runs of each job that stay, and the newest fires of each schedule.
        what: Names of cleaners (`jobs.cleaners.names`); ``runs`` for whole runs; empty for everything.
        jobs: Keys, in which ``*`` stands for anything; empty for those of all jobs, also deleted ones.
        except_jobs: Keys in the same form whose jobs' history stays.
        states: Only runs that ended in these, and nothing that stands by itself; empty for all.
        audit: Erase also what people did.
        dry_run: Count, and erase nothing.
    """

    workspace_ids: Sequence[int]
    before: dt.datetime
    keep_newest: int = DEFAULT_KEEP_NEWEST
    what: Sequence[str] = ()
    jobs: Sequence[str] = ()
    except_jobs: Sequence[str] = ()
    states: Sequence[str] = ()
    audit: bool = False
    dry_run: bool = False

    @property
    def whole_runs(self) -> bool:
        """Whether runs are erased, and not only parts of them."""
        return not self.what or RUNS in self.what

    @property
    def erases_files(self) -> bool:
        """Whether files' rows go; once they are gone, the files do: see `jobs.services.leftovers`."""
        return not self.dry_run and any(part.name == FILES for part in self.parts())

    @property
    def erases_results(self) -> bool:
        """Whether payloads stop referring to stored results; then those are erased: see `jobs.services.stored_results`."""
        return not self.dry_run and any(part.name in RESULTS for part in self.parts())

    def parts(self) -> list[PartOfRuns]:
        """What is erased of each run, before the run itself where whole runs are."""
        if self.whole_runs:
            return [part for part in cleaners.parts() if not part.within] + [claims.PAYLOADS]
        return [part for part in cleaners.parts() if part.name in self.what]

    def old_rows(self) -> list[OldRows]:
        """What is erased that stands by itself."""
        if self.states:
            return []
        return [rows for rows in cleaners.old_rows() if (self.audit if rows.only_audit else self._wants(rows.name))]

    def stages(self) -> list[tuple[int, OldRows | None]]:
        """Workspace by workspace; None stands for its runs."""
        runs: list[OldRows | None] = [None] if self.parts() else []
        return [(workspace_id, stage) for workspace_id in self.workspace_ids for stage in runs + self.old_rows()]

    def empty_counts(self) -> dict[str, int]:
        """A zero for everything that is to be counted, in the order in which people read it."""
        names = [part.name for part in self.parts()] + [rows.name for rows in self.old_rows()]
        return dict.fromkeys(([RUNS] if self.whole_runs else []) + sorted(names), 0)

    def _wants(self, name: str) -> bool:
        return not self.what or name in self.what


def order_of(request: CleanupRequest, *, workspace_ids: Sequence[int], now: dt.datetime) -> Order:
    """What was asked for, of these workspaces. ``now``: aware UTC, from which the days are counted back."""
    return Order(
        workspace_ids=workspace_ids,
        before=now - dt.timedelta(days=request.days),
        keep_newest=request.keep_newest,
        what=request.what,
        jobs=request.patterns,
        except_jobs=request.except_jobs,
        states=request.states,
        audit=request.audit,
        dry_run=request.dry_run,
    )


class Ledger(Protocol):
    """Where a cleanup's place is kept between its steps."""

    def lock(self, connection: Connection) -> Place:
        """Where it stands; nobody else goes on with it until the transaction ends."""

    def keep(self, connection: Connection, place: Place) -> None:
        """Where it stands now, from this transaction's commit on."""


@dataclass(frozen=True)
class PayloadLedger:
    """In the database, for one payload of a run: all its attempts are one cleanup."""

    run_id: int
    position: int

    def lock(self, connection: Connection) -> Place:
        """See `Ledger`."""
        return claims.lock_place(connection, run_id=self.run_id, position=self.position)

    def keep(self, connection: Connection, place: Place) -> None:
        """See `Ledger`."""
        claims.keep_place(connection, run_id=self.run_id, position=self.position, place=place)


@dataclass
class MemoryLedger:
    """In this process."""

    place: Place = field(default_factory=lambda: Place(0, 0, {}))

    def lock(self, connection: Connection) -> Place:
        """See `Ledger`."""
        return self.place

    def keep(self, connection: Connection, place: Place) -> None:
        """See `Ledger`."""
        self.place = place


class Standing(NamedTuple):
    """After a step. ``counts``: rows erased so far by what they are, or in a dry run those that would be."""

    counts: dict[str, int]
    stage: int
    stages: int

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.stage >= self.stages


class _Step(NamedTuple):
    counts: Mapping[str, int]
    after: int | None


def step(*, order: Order, ledger: Ledger, lock_wait: dt.timedelta | None = None) -> Standing:
    """Do the next piece of a cleanup, in a transaction of its own: some tenths of a second.

    May be called again after any error: what was committed is neither done nor counted twice.

    Args:
        order: What is to be erased.
        ledger: Where the cleanup's place is kept.
        lock_wait: How long to wait for a lock that somebody else holds; None for as long as the engine's statements do.

    Raises:
        psycopg.OperationalError: The database cannot be reached, or a deadlock was broken; see `jobs.hotpath.RETRYABLE`.
    """
    stages = order.stages()
    with claims.connection() as connection, connection.transaction():
        if lock_wait is not None:
            claims.wait_at_most(connection, lock_wait=lock_wait)
        place = ledger.lock(connection)
        if place.stage < len(stages):
            place = _go_on(connection, order, stages[place.stage], place)
            ledger.keep(connection, place)
    standing = Standing(order.empty_counts() | place.counts, place.stage, len(stages))
    if standing.is_done:
        log.info("cleanup.done", dry_run=order.dry_run, before=order.before.isoformat(), counts=standing.counts)
    return standing


def _go_on(connection: Connection, order: Order, stage: tuple[int, OldRows | None], place: Place) -> Place:
    workspace_id, rows = stage
    if not order.dry_run:
        claims.take_turn(connection, workspace_id=workspace_id)
    scope = _scope(connection, order, workspace_id)
    if rows is None:
        did = _clean_runs(connection, order, scope, place.after)
    else:
        found = _clean_rows(connection, order, rows, scope, place.after)
        did = _Step({rows.name: found.rows}, found.after)
    counts = dict(Counter(place.counts) + Counter(did.counts))
    return Place(place.stage + 1, 0, counts) if did.after is None else Place(place.stage, did.after, counts)


def _clean_runs(connection: Connection, order: Order, scope: Scope, after: int) -> _Step:
    """One page of runs. What is too much for one transaction is left for the next step, on the same page."""
    page = claims.find_runs(
        connection,
        scope=scope,
        keys=_keys(order),
        except_keys=_patterns(order.except_jobs),
        states=list(order.states) or None,
        after=after,
        page=PAGE,
    )
    beyond = page[-1].id if any(run.is_old for run in page) else None
    wanted = [run.id for run in page if run.is_wanted]
    if not wanted:
        return _Step({}, beyond)
    if order.dry_run:
        return _Step(_count(connection, order, scope, wanted), beyond)
    counts, is_complete = erase(connection, order=order, scope=scope, run_ids=wanted)
    return _Step(counts, beyond if is_complete else after)


def erase(
    connection: Connection, *, order: Order, scope: Scope, run_ids: Sequence[int]
) -> tuple[Mapping[str, int], bool]:
    """Erase those of these runs that can be erased, as far as one transaction may go.

    Returns:
        The rows erased by what they are; False when more of these runs is left.
    """
    locked = claims.lock_runs(connection, run_ids=run_ids)
    run_ids = claims.erasable_runs(connection, run_ids=locked)
    counts: dict[str, int] = {}
    for part in order.parts():
        counts[part.name] = part.erase(connection, scope, _free(connection, order, part, run_ids), LIMIT)
        if counts[part.name] >= LIMIT:
            return counts, False
    if order.whole_runs:
        counts[RUNS] = claims.erase_runs(connection, run_ids=run_ids)
    return counts, True


def _count(connection: Connection, order: Order, scope: Scope, run_ids: Sequence[int]) -> Mapping[str, int]:
    run_ids = claims.erasable_runs(connection, run_ids=run_ids)
    counts = {
        part.name: part.count(connection, scope, _free(connection, order, part, run_ids)) for part in order.parts()
    }
    return counts | ({RUNS: len(run_ids)} if order.whole_runs else {})


def _free(connection: Connection, order: Order, part: PartOfRuns, run_ids: Sequence[int]) -> Sequence[int]:
    """Those of these runs of which no other part, that stays, still needs this one."""
    erased = {each.name for each in order.parts()}
    needed: set[int] = set()
    for other in cleaners.parts():
        if other.needing is not None and other.needs == part.name and other.name not in erased:
            needed.update(other.needing(connection, run_ids))
    return [run_id for run_id in run_ids if run_id not in needed]


def _clean_rows(connection: Connection, order: Order, rows: OldRows, scope: Scope, after: int) -> Found:
    if order.dry_run:
        return rows.count(connection, scope, after)
    return rows.erase(connection, scope, after, LIMIT)


def _scope(connection: Connection, order: Order, workspace_id: int) -> Scope:
    return Scope(
        workspace_id=workspace_id,
        before=order.before,
        keep_newest=order.keep_newest,
        job_ids=_job_ids(connection, order, workspace_id),
        audit=order.audit,
    )


def _job_ids(connection: Connection, order: Order, workspace_id: int) -> tuple[int, ...] | None:
    """The jobs of the filter that are there; None without a filter. Runs are found by their key: deleted jobs' too."""
    if not order.jobs and not order.except_jobs:
        return None
    return claims.jobs_of(
        connection, workspace_id=workspace_id, keys=_keys(order), except_keys=_patterns(order.except_jobs)
    )


def _keys(order: Order) -> list[str] | None:
    return _patterns(order.jobs) or None


def _patterns(keys: Sequence[str]) -> list[str]:
    """For LIKE: the star stands for anything, all else for itself."""
    escaped = (key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for key in keys)
    return [key.replace("*", "%") for key in escaped]
