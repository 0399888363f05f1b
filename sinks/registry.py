"""The kinds of sink that this deployment has. Each kind has a package of its own beside this module, which registers it."""

from __future__ import annotations

from sinks.base import SinkKind

_registry: dict[str, SinkKind] = {}


def register(kind: SinkKind) -> None:
    """Make a kind known. Registering a name again replaces it."""
    _registry[kind.name] = kind


def get(name: str) -> SinkKind | None:
    """The kind of that name, or None."""
    return _registry.get(name)


def names() -> list[str]:
    """The registered names, sorted."""
    return sorted(_registry)


def ordered() -> list[str]:
    """The names of kinds whose sinks get the deliveries of a run one after the other."""
    return sorted(name for name, kind in _registry.items() if kind.ordered)
