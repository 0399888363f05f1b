"""Results as requests in the shape that a service asks for: its method, its form, its authentication."""

from sinks.base import SinkKind
from sinks.call_configuration import secrets_of
from sinks.http.configuration import HttpConfiguration
from sinks.http.sink import HttpSink

KIND = SinkKind(
    name="http",
    title="HTTP request",
    configuration=HttpConfiguration,
    units=("payload", "batch", "run"),
    idempotent=False,
    open=HttpSink,
    secrets=lambda configuration: [*secrets_of(configuration)],
)
