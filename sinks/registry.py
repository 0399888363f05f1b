"""The kinds of sink that this deployment has. Each kind has a package of its own beside this module, which registers it."""

from __future__ import annotations

from jobs.registries import Registry
from sinks.base import SinkKind

KINDS: Registry[SinkKind] = Registry()
load_when_asked, load, register, offer, get = (
    KINDS.load_when_asked,
    KINDS.load,
    KINDS.register,
    KINDS.offer,
    KINDS.get,
)


def names() -> list[str]:
    """The registered names, sorted."""
    return sorted(KINDS.all())


def ordered() -> list[str]:
    """The names of kinds whose sinks get the deliveries of a run one after the other."""
    return sorted(name for name, kind in KINDS.all().items() if kind.ordered)
