"""One attempt at one delivery: make it, and say how it ended."""

from __future__ import annotations

import datetime as dt
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic
import structlog

from jobs.documents.basis import field_errors
from jobs.errors import PermanentError, TransientError
from sinks.base import OpenSink, Parcel, Receipt, SinkGone, SinkKind
from sinks.claims import Begun, Held, Settled
from sinks.documents import read_entry
from sinks.services.parcels import parcel_of
from sinks.states import DeliveryState
from workers.sink_surroundings import SinkSurroundings

_MAX_MESSAGE = 2000
_TRACEBACK_LINES = 30

log = structlog.get_logger(__name__)


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
    """The sink as its row says now. What cannot be opened (a secret that is missing, say) can be mended: its deliveries wait."""
    try:
        return kind.open(kind.configuration.model_validate(dict(configuration)), surroundings)
    except pydantic.ValidationError as error:
        wrong = "; ".join(f"{each.field}: {each.message}" for each in field_errors(error, "configuration"))
        return _Unusable(TransientError(wrong, code="configuration"))
    except (TransientError, PermanentError) as error:
        return _Unusable(TransientError(str(error), code=error.code, details=error.details))


def attempt(
    begun: Begun,
    *,
    held: Held,
    kind: SinkKind,
    sink: OpenSink,
    clean: Callable[[Any], Any],
    now: dt.datetime | None = None,
) -> Ended:
    """Deliver, and say how it ended. Never raises for what a sink does."""
    try:
        receipt = sink.deliver(parcel_of(begun=begun, held=held, kind=kind))
    except (TransientError, PermanentError) as error:
        return _failed(begun, error, clean, now)
    except Exception as error:  # a fault of the kind's own must not stop the deliveries to a sink
        trace = clean("".join(traceback.format_exception(error)[-_TRACEBACK_LINES:]))
        log.error("sink.delivery_crashed", sink=held.sink_id, delivery=begun.id, traceback=trace)
        return _failed(begun, TransientError(f"{type(error).__name__}: {error}", code="crashed"), clean, now)
    return Ended(
        Settled(
            begun.id,
            begun.attempt,
            DeliveryState.DELIVERED,
            bytes=receipt.bytes,
            sha256=receipt.sha256,
            receipt=clean(dict(receipt.details)),
        )
    )


def _failed(
    begun: Begun, error: TransientError | PermanentError, clean: Callable[[Any], Any], now: dt.datetime | None
) -> Ended:
    # Cut off only when it is clean: half of a secret would not be known for one.
    told = {"code": error.code, "message": clean(str(error))[:_MAX_MESSAGE], **clean(_details(error))}
    gone = told["message"] if isinstance(error, SinkGone) else ""
    wait = _wait_seconds(begun, error, now or dt.datetime.now(dt.UTC)) if isinstance(error, TransientError) else None
    if gone:
        wait = 0.0  # it waits for the sink to be enabled
    if wait is None:
        return Ended(Settled(begun.id, begun.attempt, DeliveryState.DEAD, error=told))
    return Ended(Settled(begun.id, begun.attempt, DeliveryState.DUE, wait_seconds=wait, error=told), gone=gone)


def _details(error: TransientError | PermanentError) -> dict[str, Any]:
    return {"details": error.details} if error.details else {}


def _wait_seconds(begun: Begun, error: TransientError, now: dt.datetime) -> float | None:
    """Until the next attempt; None when that would be later than the entry wants to try."""
    retry = read_entry(begun.entry or {}).retry
    asked_ms = 1000 * (error.retry_after_seconds or 0.0)
    wait_ms = retry.policy.wait_ms(attempts_made=begun.attempt, retry_after_ms=asked_ms)
    passed_ms = 1000 * (now - begun.first_attempt_at).total_seconds()
    return None if passed_ms + wait_ms > retry.give_up_after_ms else wait_ms / 1000
