"""The kinds that the suite is run against: one adapter each. A new kind joins by an adapter in this list."""

from tests.sinks_conformance.adapter import Adapter
from tests.sinks_conformance.adapters.log import LogAdapter

ADAPTERS: tuple[type[Adapter], ...] = (LogAdapter,)
