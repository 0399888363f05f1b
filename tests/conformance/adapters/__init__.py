"""The kinds that the suite is run against: one adapter each. A new kind joins by an adapter in this list."""

from tests.conformance.adapter import Adapter
from tests.conformance.adapters.datasource import DatasourceAdapter
from tests.conformance.adapters.http import HttpAdapter
from tests.conformance.adapters.noop import NoopAdapter

ADAPTERS: tuple[type[Adapter], ...] = (DatasourceAdapter, HttpAdapter, NoopAdapter)
