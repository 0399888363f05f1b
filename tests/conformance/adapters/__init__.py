"""The kinds that the suite is run against: one adapter each. A new kind joins by an adapter in this list."""

from tests.conformance.adapter import Adapter
from tests.conformance.adapters.datasource import DatasourceAdapter
from tests.conformance.adapters.generate import GenerateAdapter
from tests.conformance.adapters.http import HttpAdapter
from tests.conformance.adapters.log_cleanup import LogCleanupAdapter
from tests.conformance.adapters.noop import NoopAdapter
from tests.conformance.adapters.spark import SparkAdapter

ADAPTERS: tuple[type[Adapter], ...] = (
    DatasourceAdapter,
    GenerateAdapter,
    HttpAdapter,
    LogCleanupAdapter,
    NoopAdapter,
    SparkAdapter,
)
