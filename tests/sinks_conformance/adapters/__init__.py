"""The kinds that the suite is run against: one adapter each. A new kind joins by an adapter in this list."""

from tests.sinks_conformance.adapter import Adapter
from tests.sinks_conformance.adapters.http import HttpAdapter
from tests.sinks_conformance.adapters.log import LogAdapter
from tests.sinks_conformance.adapters.webhook import WebhookAdapter

ADAPTERS: tuple[type[Adapter], ...] = (HttpAdapter, LogAdapter, WebhookAdapter)
