"""What packages of their own register by name: kinds of payload, and of sink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from jobs.put_off import PutOff


class Named(Protocol):
    """What can be registered."""

    @property
    def name(self) -> str: ...


K = TypeVar("K", bound=Named)


class Registry(Generic[K]):
    """Things by name. They are loaded when the first of them is asked for: that takes tenths of a second."""

    def __init__(self) -> None:
        self.known: dict[str, K] = {}
        """Those that are registered so far."""
        self._to_load = PutOff()

    def load_when_asked(self, task: Callable[[], None]) -> None:
        """Do this, which registers some, before the first of them is asked for."""
        self._to_load.add(task)

    def load(self) -> None:
        """Do it now: a web server need not let its first request wait."""
        self._to_load.do()

    def register(self, thing: K) -> None:
        """Make it known. Registering the same name again replaces it."""
        self.known[thing.name] = thing

    def offer(self, thing: K) -> None:
        """Make it known, unless another has taken its place already: for those that are loaded when they are asked for."""
        self.known.setdefault(thing.name, thing)

    def all(self) -> dict[str, K]:
        """All of them, by name."""
        self.load()
        return self.known

    def get(self, name: str) -> K | None:
        """The one of that name, or None."""
        return self.all().get(name)
