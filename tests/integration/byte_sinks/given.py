"""Parcels, and surroundings that are a worker's but for the secrets, which the test gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sinks.base import Parcel, Record, Unit
from tests.integration.sinks import handmade
from tests.swift import ACCESS_KEY, SECRET_KEY
from workers.known_secrets import KnownSecrets
from workers.sink_surroundings import SinkSurroundings

ENDED = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SECRETS = {"access": ACCESS_KEY, "key": SECRET_KEY, "wrong": "not-the-key-at-all"}


class Given(SinkSurroundings):
    """A worker's surroundings."""

    def __init__(self, secrets: Mapping[str, str] = SECRETS) -> None:
        super().__init__(workspace_id=0, sink="test")
        self._secrets = KnownSecrets(secrets.__getitem__)
        self.said: list[str] = []

    def log(self, level: str, message: str) -> None:
        """Keep it for the test."""
        self.said.append(message)


def records(count: int, *, size: int = 1) -> Callable[[], Iterator[Record]]:
    """So many, each with a result of about this size; made when they are asked for."""
    return lambda: (
        handmade.record(at, result={"n": at, "text": f"{at % 10}" * size}, started_at=ENDED, ended_at=ENDED)
        for at in range(count)
    )


def breaking(after: int, error: BaseException, *, size: int = 1) -> Callable[[], Iterator[Record]]:
    """Records whose reading fails after so many."""

    def read() -> Iterator[Record]:
        yield from records(after, size=size)()
        raise error

    return read


def parcel(unit: Unit = "run", *, attempt: int = 1, count: int = 3, size: int = 1, **other: Any) -> Parcel:
    """What is delivered: of a run that ended on the first of March."""
    count = 1 if unit == "payload" else count
    made = handmade.parcel(id="dlv_7", attempt=attempt, unit=unit)
    said: dict[str, Any] = {"run_id": 42, "run_ended_at": ENDED, "count": count, "records": records(count, size=size)}
    return replace(made, **(said | other))
