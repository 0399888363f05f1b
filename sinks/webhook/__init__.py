"""Results as signed messages to somebody's address, by Standard Webhooks."""

from sinks.base import SinkKind
from sinks.webhook.configuration import WebhookConfiguration, secrets_of
from sinks.webhook.sink import WebhookSink

KIND = SinkKind(
    name="webhook",
    title="Webhook",
    configuration=WebhookConfiguration,
    units=("payload", "batch", "run"),
    idempotent=False,
    open=WebhookSink,
    secrets=secrets_of,
)
