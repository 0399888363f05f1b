"""What a sink of kind ``message`` is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from jobs.documents.basis import Strict
from jobs.http.fields import SecretName
from sinks.filling import Filled
from sinks.message_headers import Headers


class MessageConfiguration(Strict):
    """Which broker, and where to. Texts may have gaps, see `sinks.filling`.

    Args:
        url_secret: The secret that holds the broker's URL.
        ca_secret: The name of a secret with the authorities to trust, as PEM; left out, those that are trusted publicly.
        queue: Where messages go; or
        exchange: through which, with
        routing_key: of AMQP.
        headers: By name, besides the messages' own.
        declare: Whether to make the queue, durable, when it is not there.
        persistent: Whether the broker is to keep messages over its own restart.
        max_bytes: A message that would be larger is not sent.
    """

    url_secret: SecretName
    ca_secret: SecretName | None = None
    queue: str | None = Field(default=None, min_length=1, max_length=255)
    exchange: str | None = Field(default=None, min_length=1, max_length=127)
    routing_key: Filled = ""
    headers: Headers = Field(default_factory=dict)
    declare: bool = Field(default=False, strict=True)
    persistent: bool = Field(default=True, strict=True)
    max_bytes: int = Field(default=10_000_000, ge=1000, le=100_000_000, strict=True)

    @model_validator(mode="after")
    def _one_way(self) -> MessageConfiguration:
        if (self.queue is None) == (self.exchange is None):
            raise ValueError("expected a queue, or an exchange with a routing_key")
        if self.queue is not None and self.routing_key:
            raise ValueError("routing_key: it goes with an exchange; messages for a queue need none")
        if self.declare and self.queue is None:
            raise ValueError("declare: only a queue is made; an exchange must be there")
        return self


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that a configuration uses."""
    return [name for name in (configuration["url_secret"], configuration.get("ca_secret")) if name]
