"""One attempt at one delivery: make it, say how it ended, and whose fault that is."""

from __future__ import annotations

import datetime as dt
import functools
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pydantic
import structlog

from jobs import hotpath
from jobs.documents.basis import field_errors
from jobs.errors import LaneLost, PermanentError, TransientError
from sinks.base import OpenSink, Parcel, Receipt, Record, SinkGone, SinkKind, TakenInPart, Tidies
from sinks.claims import Begun, Held, Settled
from sinks.documents import SinkRetry, read_entry
from sinks.services.parcels import parcel_of
from sinks.states import DeliveryState
from workers.sink_surroundings import SinkSurroundings
from workers.storable import storable_object

OF_THE_PARCEL = frozenset({"too_large", "value", "key", "template"})
"""Codes of permanent errors that say something of what was delivered, and nothing of the sink."""
REFUSED_BY_THE_DEPLOYMENT = frozenset({"egress_refused", "file_refused"})
"""Codes of errors that say that results may not go there at all. No wait changes that, and a name that leads elsewhere later must
not be what decides: final, whatever the kind makes of it.

Source: docs/adr/0015-refusals-of-the-deployment-are-final.md
"""
MOST_LOSSES = 3
"""In a row: then it is taken for what kills the workers."""
SOON_SECONDS = 5.0
"""Until the next attempt where the fault was our own."""
MOST_ASKED_SECONDS = 3600.0
"""So long a service may ask us to wait."""
MOST_RESTED_MS = 86_400_000.0
"""So much longer a delivery is kept for a sink that rests."""
_MOST_SUMMED = 10_000
"""Of more waits each is as long as the one before, and they have come to more than anybody wants."""
_MAX_MESSAGE = 2000
_TRACEBACK_LINES = 30

log = structlog.get_logger(__name__)

Clean = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended. ``gone``: why the sink is to be disabled, if it is."""

    settled: Settled
    gone: str = ""


class _Unusable:
    """Stands for a sink that could not be opened: each attempt fails with the reason, and is made again later."""

    def __init__(self, reason: TransientError) -> None:
        self._reason = reason

    def deliver(self, parcel: Parcel) -> Receipt:
        raise self._reason

    def check(self) -> str:
        raise self._reason

    def close(self) -> None: ...


def opened(*, configuration: Mapping[str, Any], kind: SinkKind, surroundings: SinkSurroundings) -> OpenSink:
    """The sink as its row says now. What cannot be opened (a secret that is missing, say) can be mended: its deliveries wait,
    unless it is the deployment that refuses.

    Raises:
        LaneLost: The worker is stopping, and the database is away.
    """
    try:
        return kind.open(kind.configuration.model_validate(dict(configuration)), surroundings)
    except pydantic.ValidationError as error:
        errors = field_errors(error, "configuration", model=kind.configuration)
        wrong = "; ".join(f"{each.field}: {each.message}" for each in errors)
        return _Unusable(TransientError(wrong, code="configuration"))
    except (TransientError, PermanentError) as error:
        return _Unusable(TransientError(str(error), code=error.code, details=error.details))
    except LaneLost:
        raise
    except (
        Exception
    ) as error:  # a fault of the kind's own must not end the turn: its deliveries would be begun for ever
        trace = surroundings.clean(_trace(error))
        log.error("sink.opening_crashed", kind=kind.name, traceback=trace)
        return _Unusable(_crash(error))


class _Reading:
    """Remembers what kept a parcel from being read, whatever its kind makes of that."""

    def __init__(self) -> None:
        self.interrupted: Exception | None = None
        """Our own database, or our own storage of results."""
        self.misfit = False
        """Whether it is the parcel: its results were erased, or do not fit the transform."""

    def of(self, parcel: Parcel) -> Parcel:
        """The parcel, watched."""
        return replace(parcel, records=functools.partial(self._records, parcel.records))

    @contextmanager
    def watching(self) -> Iterator[None]:
        try:
            yield
        except (*hotpath.RETRYABLE, TransientError) as error:
            self.interrupted = error
            raise
        except PermanentError:
            self.misfit = True
            raise

    def _records(self, read: Callable[[], Iterator[Record]]) -> Iterator[Record]:
        with self.watching():
            yield from read()


def attempt(
    begun: Begun,
    *,
    held: Held,
    kind: SinkKind,
    sink: OpenSink,
    clean: Clean,
    now: dt.datetime | None = None,
) -> Ended:
    """Deliver, and say how it ended. Never raises for what a sink does, or for what keeps us from reading what it shall have."""
    reading = _Reading()
    try:
        with reading.watching():
            parcel = parcel_of(begun=begun, held=held, kind=kind)
        receipt = sink.deliver(reading.of(parcel))
    except Exception as error:  # a fault of the kind's own must not stop the deliveries to a sink
        ours = error if isinstance(error, LaneLost) else reading.interrupted
        if ours is not None:
            return _interrupted(begun, ours, clean)
        if not isinstance(error, (TransientError, PermanentError)):
            trace = clean(_trace(error))
            log.error("sink.delivery_crashed", sink=held.sink_id, delivery=begun.id, traceback=trace)
            error = _crash(error)
        return _failed(begun, error, clean, now, misfit=reading.misfit)
    return Ended(
        Settled(
            begun.id,
            begun.attempt,
            DeliveryState.DELIVERED,
            bytes=receipt.bytes,
            sha256=receipt.sha256,
            receipt=_kept(receipt.details, clean),
        )
    )


def lost_with_its_worker(begun: Begun, *, now: dt.datetime | None = None) -> Ended:
    """What becomes of a delivery that was found lost: it is made again as after a failure, unless it has been lost too often."""
    error = TransientError("its worker stopped answering", code="lost")
    often = begun.losses + 1 >= MOST_LOSSES
    wait = None if often else _wait_seconds(begun, error, now or dt.datetime.now(dt.UTC))
    return Ended(_again_or_dead(begun, wait, {"code": error.code, "message": str(error)}, lost=True))


def abandon(begun: Begun, *, held: Held, kind: SinkKind, sink: OpenSink, clean: Clean) -> None:
    """Let a sink take away what the attempts at a delivery have left that is given up because its workers died. Never raises: what
    stays is told in the log."""
    if not isinstance(sink, Tidies):
        return
    try:
        sink.abandon(parcel_of(begun=begun, held=held, kind=kind))
    except Exception as error:
        log.warning("sink.not_tidied", sink=held.sink_id, delivery=begun.id, reason=clean(str(error))[:_MAX_MESSAGE])


def _failed(
    begun: Begun, error: TransientError | PermanentError, clean: Clean, now: dt.datetime | None, *, misfit: bool
) -> Ended:
    told = _told(error.code, error, clean, error.details)
    charged = not (isinstance(error, PermanentError) and (misfit or error.code in OF_THE_PARCEL))
    if isinstance(error, SinkGone):  # it waits for the sink to be enabled
        settled = Settled(begun.id, begun.attempt, DeliveryState.DUE, error=told, charged=True)
        return Ended(settled, gone=told["message"] or error.code)
    wait = None
    if isinstance(error, TransientError) and error.code not in REFUSED_BY_THE_DEPLOYMENT:
        wait = _wait_seconds(begun, error, now or dt.datetime.now(dt.UTC))
    if isinstance(error, TakenInPart):
        settled = _again_or_dead(begun, wait, told)
        return Ended(settled._replace(receipt=_kept(error.receipt, clean)))
    return Ended(_again_or_dead(begun, wait, told, charged=charged))


def _interrupted(begun: Begun, error: Exception, clean: Clean) -> Ended:
    """It is no failure of the sink's, and it passes: made again soon, however long that goes on."""
    told = _told("not_read", error, clean)
    return Ended(Settled(begun.id, begun.attempt, DeliveryState.DUE, wait_seconds=SOON_SECONDS, error=told))


def _again_or_dead(
    begun: Begun, wait: float | None, told: Mapping[str, Any], *, charged: bool = False, lost: bool = False
) -> Settled:
    state = DeliveryState.DEAD if wait is None else DeliveryState.DUE
    return Settled(begun.id, begun.attempt, state, wait_seconds=wait or 0.0, error=told, charged=charged, lost=lost)


def _told(code: str, error: Exception, clean: Clean, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    # Cut off only when it is clean: half of a secret would not be known for one.
    told = storable_object({"code": code, "message": clean(str(error))[:_MAX_MESSAGE]})
    return told | ({"details": _kept(details, clean)} if details else {})


def _kept(said: Mapping[str, Any], clean: Clean) -> dict[str, Any]:
    """As the database can keep it, without secrets; nothing of what cannot be kept, for a delivery is not made again for that."""
    try:
        return dict(clean(storable_object(said)))
    except Exception:
        log.exception("sink.said_what_cannot_be_kept")
        return {}


def _crash(error: Exception) -> TransientError:
    return TransientError(f"{type(error).__name__}: {error}", code="crashed")


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error)[-_TRACEBACK_LINES:])


def _wait_seconds(begun: Begun, error: TransientError, now: dt.datetime) -> float | None:
    """Until the next attempt; None when that would be later than the entry wants to try.

    What the other side asks for is waited, also beyond that time: who asks means to take it then.
    """
    retry = read_entry(begun.entry or {}).retry
    wait_ms = retry.policy.wait_ms(attempts_made=begun.attempt)
    if _tried_ms(begun, retry, now) + wait_ms > retry.give_up_after_ms:
        return None
    return max(wait_ms / 1000, min(error.retry_after_seconds or 0.0, MOST_ASKED_SECONDS))


def _tried_ms(begun: Begun, retry: SinkRetry, now: dt.datetime) -> float:
    """Since the first attempt, without the time in which it was due and nobody tried, for the sink rested; up to a day of that."""
    passed_ms = 1000 * (now - begun.first_attempt_at).total_seconds()
    waits_ms = sum(retry.policy.wait_ms(attempts_made=made) for made in range(1, min(begun.attempt, _MOST_SUMMED)))
    return max(min(passed_ms, waits_ms), passed_ms - MOST_RESTED_MS)
