"""What a sink of kind ``kafka`` is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from jobs.documents.basis import Strict
from jobs.http.fields import SecretName
from sinks.filling import Filled
from sinks.message_headers import Headers
from sinks.time_limits import DEFAULT, AttemptTimeout

_BROKER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+):[0-9]{1,5}", re.ASCII)
_TOPIC = re.compile(r"[A-Za-z0-9._\-]{1,249}", re.ASCII)


def _broker(value: str) -> str:
    if not _BROKER.fullmatch(value) or not 1 <= int(value.rpartition(":")[2]) <= 65535:
        raise ValueError("expected host:port, with a port between 1 and 65535")
    return value


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value) or value in (".", ".."):
        raise ValueError("expected letters, digits, . _ and -, at most 249 in all")
    return value


class Sasl(Strict):
    """How we tell the brokers who we are.

    Args:
        mechanism: ``PLAIN`` sends the password itself, and needs TLS.
        username: The user.
        password_secret: The name of a secret.
    """

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str = Field(min_length=1)
    password_secret: SecretName


class KafkaConfiguration(Strict):
    """Which cluster, and which topic. Texts may have gaps, see `sinks.filling`.

    Args:
        brokers: ``host:port`` of some; they name the others.
        topic: It must be there.
        key: Of each message; one that is empty is none, and the message goes to any partition.
        headers: By name, besides the messages' own.
        security: Whether the connections are encrypted.
        ca_secret: The name of a secret with the authorities to trust, as PEM; left out, those that are trusted publicly.
        sasl: Left out, nobody asks who we are.
        compression: Of what goes over the wire.
        max_bytes: A record that would be larger is not sent; the topic must take as much (its ``max.message.bytes``).
        timeout: Of an attempt in all.
    """

    brokers: list[Annotated[str, AfterValidator(_broker)]] = Field(min_length=1, max_length=20)
    topic: Annotated[str, AfterValidator(_topic)]
    key: Filled = ""
    headers: Headers = Field(default_factory=dict)
    security: Literal["tls", "none"] = "tls"
    ca_secret: SecretName | None = None
    sasl: Sasl | None = None
    compression: Literal["none", "gzip"] = "none"
    max_bytes: int = Field(default=2**20, ge=1000, le=64 * 2**20, strict=True)
    timeout: AttemptTimeout = DEFAULT

    @model_validator(mode="after")
    def _no_open_password(self) -> KafkaConfiguration:
        if self.sasl is not None and self.sasl.mechanism == "PLAIN" and self.security == "none":
            raise ValueError("a password is not sent without encryption: use tls, or a SCRAM mechanism")
        return self


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that a configuration uses."""
    sasl = configuration.get("sasl") or {}
    return [name for name in (configuration.get("ca_secret"), sasl.get("password_secret")) if name]
