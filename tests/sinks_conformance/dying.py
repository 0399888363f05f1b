"""Workers that make the deliveries that are due, and are killed at one step of the first of them: ``before`` anything is handed
over, while the parcel is being read (``reading``), ``after`` the hand-over and before it is written down, or ``never``.

Run as a module it makes one of each line of its input, by a fork: so Django and the kinds' clients are loaded once for all of them.
See `tests.sinks_conformance.nursery`.
"""

from __future__ import annotations

import base64
import importlib
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import django

django.setup()

from django.conf import settings  # noqa: E402 - they can be read only now

from sinks import claims, registry  # noqa: E402 - models can be imported only now
from sinks.base import OpenSink, Parcel, Receipt, Record, Surroundings  # noqa: E402
from workers.delivering import deliver_to  # noqa: E402


class Dying:
    """A sink that works, in a process that does not."""

    def __init__(self, sink: OpenSink, step: str) -> None:
        self._sink, self._step = sink, step

    def deliver(self, parcel: Parcel) -> Receipt:
        """Hand over, as far as it comes."""
        if self._step == "before":
            die()
        receipt = self._sink.deliver(replace(parcel, records=self._records(parcel)))
        if self._step == "after":
            die()
        return receipt

    def check(self) -> str:
        """As the sink does."""
        return self._sink.check()

    def close(self) -> None:
        """As the sink does."""
        self._sink.close()

    def _records(self, parcel: Parcel) -> Callable[[], Iterator[Record]]:
        def read() -> Iterator[Record]:
            for number, record in enumerate(parcel.records()):
                if number == parcel.count // 2 and self._step == "reading":
                    die()
                yield record

        return read


def die() -> NoReturn:
    """At once, as by a machine that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it was killed")


def main(step: str) -> None:
    """Deliver what is due."""
    for name in registry.names():
        kind = registry.get(name)
        assert kind is not None
        registry.register(replace(kind, open=_opening(kind.open, step)))
    for due in claims.due_sinks(limit=10):
        if due.sink_id:
            deliver_to(sink_id=due.sink_id)


def serve() -> None:
    """For each order, say the worker's process id when it begins, and its exit status when it has ended."""
    for kind in ("database", "kafka", "message", "s3"):
        importlib.import_module(f"sinks.{kind}.sink")
    importlib.import_module("sinks.file.sftp")
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _work(pickle.loads(base64.b64decode(line)))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _work(order: dict[str, Any]) -> NoReturn:
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it says there is not for who gives orders
    for name, value in order["settings"].items():
        setattr(settings, name, value)
    main(order["step"])
    os._exit(0)


def _opening(opened: Callable[[Any, Surroundings], OpenSink], step: str) -> Callable[[Any, Surroundings], OpenSink]:
    return lambda configuration, surroundings: Dying(opened(configuration, surroundings), step)


if __name__ == "__main__":
    serve()
