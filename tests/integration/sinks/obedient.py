"""A sink that does what a test says, and remembers what it was given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from jobs.documents.basis import Strict
from sinks.base import Parcel, Receipt, SinkKind, Surroundings


class ObedientConfiguration(Strict):
    """Where nothing is said."""

    place: str = "here"
    ordered: bool = False


class Target:
    """What was delivered, by parcel id, in order; and what shall happen before the next is taken."""

    def __init__(self) -> None:
        self.delivered: list[tuple[str, list[Any]]] = []
        self.attempts: list[tuple[str, int]] = []
        self.abandoned: list[tuple[str, int]] = []
        self.opened: list[ObedientConfiguration] = []
        self.before: Callable[[Parcel], None] = lambda parcel: None
        self._lock = threading.Lock()

    def take(self, parcel: Parcel) -> Receipt:
        """Take a parcel, unless the test has something against it."""
        with self._lock:
            self.attempts.append((parcel.id, parcel.attempt))
        self.before(parcel)
        records = [record.document() for record in parcel.records()]
        with self._lock:
            self.delivered.append((parcel.id, records))
        return Receipt(bytes=len(records), sha256="0" * 64, details={"place": "here"})

    @property
    def positions(self) -> list[list[int]]:
        """Of each delivery, in order."""
        return [[record["position"] for record in records] for _, records in self.delivered]


class _Open:
    def __init__(self, target: Target) -> None:
        self._target = target

    def deliver(self, parcel: Parcel) -> Receipt:
        return self._target.take(parcel)

    def check(self) -> str:
        return "It obeys."

    def abandon(self, parcel: Parcel) -> None:
        self._target.abandoned.append((parcel.id, parcel.attempt))
        self._target.before(parcel)

    def close(self) -> None: ...


def kind(target: Target, *, ordered: bool = False) -> SinkKind:
    """A kind whose sinks all deliver to one target."""

    def opened(configuration: ObedientConfiguration, _surroundings: Surroundings) -> _Open:
        target.opened.append(configuration)
        return _Open(target)

    return SinkKind(
        name="obedient",
        title="Obedient",
        configuration=ObedientConfiguration,
        units=("payload", "batch", "run"),
        idempotent=False,
        ordered=ordered,
        open=opened,
    )
