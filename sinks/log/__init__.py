"""Results as lines in the log of the worker that delivers them: for trying things out, and for systems that collect logs."""

from sinks.base import SinkKind
from sinks.log.configuration import LogConfiguration
from sinks.log.sink import LogSink

KIND = SinkKind(
    name="log",
    title="Log",
    configuration=LogConfiguration,
    units=("payload", "batch", "run"),
    idempotent=False,
    ordered=True,
    open=LogSink,
)
