"""Results by mail."""

from sinks.base import SinkKind
from sinks.email.configuration import EmailConfiguration, secrets_of
from sinks.email.sink import EmailSink

KIND = SinkKind(
    name="email",
    title="E-mail",
    configuration=EmailConfiguration,
    units=("run", "batch", "payload"),
    idempotent=False,
    open=EmailSink,
    secrets=secrets_of,
)
