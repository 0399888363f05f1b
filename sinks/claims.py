"""The moves of deliveries, each one statement of sinks/sql.

Times: ``now`` is an aware UTC datetime in tests; production passes None, which means the database's clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from jobs import hotpath
from sinks.sql import STATEMENTS
from sinks.states import DeliveryState

Connection = hotpath.EngineConnection
Now = dt.datetime | None

PATIENCE = 5
"""So many attempts in a row may fail before a sink rests."""


class DueSink(NamedTuple):
    """A sink that is owed something. ``gone``: it exists no more; its id is None where not even that is known."""

    sink_id: int | None
    gone: bool


class Held(NamedTuple):
    """A sink that this process may deliver to, as long as it keeps its lease. ``token`` is the proof.

    ``version`` is the sink's that ``kind`` and ``configuration`` are of; ``rests`` counts its rests since it took something last.
    """

    sink_id: int
    token: int
    worker: str
    rests: int
    version: int
    kind: str
    configuration: Mapping[str, Any]
    workspace_id: int
    workspace: str
    name: str

    @property
    def on_trial(self) -> bool:
        """Whether it has just rested: one delivery shall show whether it works again."""
        return self.rests > 0


class OpenHandover(NamedTuple):
    """A handover that this transaction has locked. ``entry`` is the job's entry as the run knows it."""

    id: int
    run_id: int
    place: int
    next_position: int
    total: int
    entry: Mapping[str, Any]


class Outcome(NamedTuple):
    """What a payload came to."""

    position: int
    name: str
    state: str


class Range(NamedTuple):
    """Positions that one delivery covers, and how many of them it holds."""

    first: int
    last: int
    payloads: int


class Begun(NamedTuple):
    """A delivery whose next attempt has begun. Of notices it has a rule, and nothing of what it would say of a run.

    ``lost``: none has begun, but the attempt of that number was lost with its worker, and ``losses`` in a row before it.
    """

    id: int
    run_id: int
    place: int
    first_position: int
    last_position: int
    payloads: int
    attempt: int
    attempted_at: dt.datetime
    first_attempt_at: dt.datetime
    job_key: str
    run_state: str
    trigger: str
    scheduled_for: dt.datetime | None
    run_ended_at: dt.datetime
    entry: Mapping[str, Any]
    rule_id: int | None = None
    losses: int = 0
    lost: bool = False
    receipt: Mapping[str, Any] | None = None


class Settled(NamedTuple):
    """How an attempt ended. ``wait_seconds`` until the next one, where its state is due.

    ``charged``: it speaks against the sink, which rests after so many. ``lost``: its worker vanished.
    """

    id: int
    attempt: int
    state: DeliveryState
    wait_seconds: float = 0.0
    bytes: int | None = None
    sha256: str | None = None
    receipt: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    charged: bool = False
    lost: bool = False


def open_handovers(connection: Connection, *, run_ids: Sequence[int]) -> list[int]:
    """Promise the results of runs that end to their sinks, within the transaction that ends them: the sinks, each once."""
    rows = _execute(connection, "open_handovers", {"run_ids": list(run_ids)}).fetchall()
    return sorted({row.sink_id for row in rows if row.sink_id is not None})


def due_sinks(*, limit: int, ordered: Collection[str] = (), now: Now = None) -> list[DueSink]:
    """Sinks that are owed something now and that nobody holds: at most ``limit``, those first whose last turn is longest ago; and
    at most as many that are gone. Of the kinds in ``ordered`` only those of which a delivery could be begun.
    """
    asked = {"take": limit, "ordered": list(ordered), "now": now}
    with hotpath.connection(hotpath.SINKS) as connection:
        return [DueSink(*row) for row in _execute(connection, "due_sinks", asked).fetchall()]


def take_sink(*, sink_id: int, worker: str, lease: dt.timedelta, now: Now = None) -> Held | None:
    """Become the one who delivers to a sink; None when somebody is, when it rests, is disabled or gone."""
    asked = {"sink_id": sink_id, "worker": worker, "lease": lease, "now": now}
    with hotpath.connection(hotpath.SINKS) as connection:
        row = _execute(connection, "take_sink", asked).fetchone()
    return Held(*row) if row else None


def renew_sink(*, held: Held, lease: dt.timedelta, now: Now = None) -> bool:
    """Keep a sink for another lease; False when it is not ours any more."""
    asked = {"sink_id": held.sink_id, "token": held.token, "lease": lease, "now": now}
    with hotpath.connection(hotpath.SINKS) as connection:
        return _execute(connection, "renew_sink", asked).fetchone() is not None


def leave_sink(*, held: Held, now: Now = None) -> None:
    """Give a sink back: it is behind all others that wait. Does nothing when it is not ours any more."""
    with hotpath.connection(hotpath.SINKS) as connection:
        _execute(connection, "leave_sink", {"sink_id": held.sink_id, "token": held.token, "now": now})


def lock_handover(connection: Connection, *, held: Held, ordered: bool = False) -> OpenHandover | None:
    """The oldest open handover of the sink, locked; None when there is none, or the sink is not ours any more.

    Where its deliveries are ``ordered``, one that has any that are not over is passed over.
    """
    asked = {"sink_id": held.sink_id, "token": held.token, "ordered": ordered}
    row = _execute(connection, "lock_handover", asked).fetchone()
    return OpenHandover(*row) if row else None


def outcomes(connection: Connection, *, run_id: int, low: int, high: int) -> list[Outcome]:
    """What the payloads at ``[low, high)`` came to, by position."""
    rows = _execute(connection, "outcomes", {"run_id": run_id, "low": low, "high": high}).fetchall()
    return [Outcome(*row) for row in rows]


def add_deliveries(
    connection: Connection, *, handover: OpenHandover, ranges: Sequence[Range], next_position: int
) -> None:
    """Make deliveries of these ranges and move the handover on, within the transaction that locked it."""
    asked = {
        "handover_id": handover.id,
        "next_position": next_position,
        "firsts": [each.first for each in ranges],
        "lasts": [each.last for each in ranges],
        "payloads": [each.payloads for each in ranges],
    }
    _execute(connection, "add_deliveries", asked)


def begin_deliveries(
    *,
    held: Held,
    limit: int,
    alone: bool = False,
    ordered: bool = False,
    under_way: Collection[int] = (),
    now: Now = None,
) -> list[Begun]:
    """Begin the next attempt at up to ``limit`` deliveries that are due, the longest due first; none when the sink is not ours.

    Those among them whose last attempt was lost are to be settled as that: they have not begun.

    Args:
        held: The sink.
        limit: At most so many.
        alone: Only such as were lost and have waited since; otherwise only others.
        ordered: Each handover's deliveries one after the other; the oldest handovers first.
        under_way: What the caller has begun and not settled.
        now: See the module.
    """
    asked = {
        "sink_id": held.sink_id,
        "token": held.token,
        "take": limit,
        "alone": alone,
        "under_way": list(under_way),
        "now": now,
    }
    with hotpath.connection(hotpath.SINKS) as connection:
        statement = "begin_in_order" if ordered else "begin_deliveries"
        return [Begun(*row) for row in _execute(connection, statement, asked).fetchall()]


def settle_deliveries(*, held: Held, settled: Sequence[Settled], gone: str = "", now: Now = None) -> bool | None:
    """Write down how attempts ended. Sending it twice writes it once.

    Args:
        held: The sink, held.
        settled: The attempts.
        gone: Why the sink is to be disabled, if it is.
        now: See the module.

    Returns:
        Whether the turn is over: the sink rests, is disabled, or was changed since it was taken. None when it is not ours any more:
        nothing was written, and who holds it now will deliver them again.
    """
    asked = {
        "sink_id": held.sink_id,
        "token": held.token,
        "now": now,
        "ids": [each.id for each in settled],
        "numbers": [each.attempt for each in settled],
        "states": [str(each.state) for each in settled],
        "waits": [each.wait_seconds for each in settled],
        "bytes": [each.bytes for each in settled],
        "sha256": [each.sha256 for each in settled],
        "receipts": [_json(each.receipt) for each in settled],
        "errors": [_json(each.error) for each in settled],
        "charged": [each.charged for each in settled],
        "lost": [each.lost for each in settled],
        "version": held.version,
        "patience": PATIENCE,
        "gone": gone,
    }
    with hotpath.connection(hotpath.SINKS) as connection:
        row = _execute(connection, "settle_deliveries", asked).fetchone()
    return None if row is None else bool(row.over)


def put_back(*, held: Held, begun: Sequence[Begun]) -> None:
    """Take back that attempts have begun: they were not made, and count for nothing."""
    asked = {
        "sink_id": held.sink_id,
        "token": held.token,
        "ids": [each.id for each in begun],
        "numbers": [each.attempt for each in begun],
    }
    with hotpath.connection(hotpath.SINKS) as connection:
        _execute(connection, "put_back", asked)


def rest_sink(*, held: Held, now: Now = None) -> None:
    """Let a sink be left alone for a while, as after failures in a row: something is wrong, and not with one delivery."""
    with hotpath.connection(hotpath.SINKS) as connection:
        _execute(connection, "rest_sink", {"sink_id": held.sink_id, "token": held.token, "now": now})


def bury(*, sink_id: int | None, limit: int) -> int:
    """Declare dead what is owed to a sink that is gone; how many deliveries."""
    asked = {"sink_id": sink_id, "take": limit}
    with hotpath.connection(hotpath.SINKS) as connection, connection.transaction():
        buried = _execute(connection, "bury_handovers", asked).rowcount
        return buried + _execute(connection, "bury_deliveries", asked).rowcount


def _json(value: Mapping[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def _execute(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    return hotpath.execute(connection, statement, parameters, of=STATEMENTS)
