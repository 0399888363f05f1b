"""The kinds of sink that this deployment has. Each kind has a package of its own beside this module, which registers it."""

from __future__ import annotations

from collections.abc import Callable

from jobs.put_off import PutOff
from sinks.base import SinkKind

_registry: dict[str, SinkKind] = {}
_to_load = PutOff()


def load_when_asked(task: Callable[[], None]) -> None:
    """Do this, which registers kinds, before the first of them is asked for."""
    _to_load.add(task)


def load() -> None:
    """Do it now: a web server need not let its first request wait."""
    _to_load.do()


def register(kind: SinkKind) -> None:
    """Make a kind known. Registering a name again replaces it."""
    _registry[kind.name] = kind


def offer(kind: SinkKind) -> None:
    """Make a kind known, unless another has taken its place already: for those that are loaded when they are asked for."""
    _registry.setdefault(kind.name, kind)


def get(name: str) -> SinkKind | None:
    """The kind of that name, or None."""
    load()
    return _registry.get(name)


def names() -> list[str]:
    """The registered names, sorted."""
    load()
    return sorted(_registry)


def ordered() -> list[str]:
    """The names of kinds whose sinks get the deliveries of a run one after the other."""
    return sorted(name for name, kind in _registry.items() if kind.ordered)
