"""Results as messages of a broker."""

from sinks.base import SinkKind
from sinks.message.configuration import MessageConfiguration, secrets_of
from sinks.message.sink import MessageSink

KIND = SinkKind(
    name="message",
    title="Message",
    configuration=MessageConfiguration,
    units=("payload", "batch", "run"),
    idempotent=False,
    open=MessageSink,
    secrets=secrets_of,
)
