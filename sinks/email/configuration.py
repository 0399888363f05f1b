"""What a sink of kind ``email`` is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.utils import getaddresses, parseaddr
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, Field, model_validator

from jobs.documents.basis import Strict
from jobs.http.fields import SecretName
from sinks.filling import Filled, gaps_of

_HOST = re.compile(r"[^\s\x00-\x1f\x7f/@]+")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _address(value: str) -> str:
    try:
        Address(addr_spec=parseaddr(value)[1])
    except (ValueError, IndexError) as error:
        raise ValueError("expected an address, such as jobs@example.com or Jobs <jobs@example.com>") from error
    if "@" not in value or "\n" in value or "\r" in value:
        raise ValueError("expected an address, such as jobs@example.com or Jobs <jobs@example.com>")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("expected the name of a host, such as smtp.example.com, or an address")
    return value


def one_address(text: str) -> str:
    """The text itself. Raises ValueError: it is not one address, alone or after a name."""
    found = getaddresses([text])
    try:
        if len(found) != 1 or not text.isprintable():
            raise ValidationError("not one")
        validate_email(found[0][1])
    except ValidationError as error:
        raise ValueError("expected one address, such as ann@example.com or Ann <ann@example.com>") from error
    return text


def _recipient(text: str) -> str:
    """One with gaps is looked at when they are filled."""
    return text if gaps_of(text) else one_address(text)


Recipients = Annotated[list[Annotated[Filled, AfterValidator(_recipient)]], Field(max_length=100)]


class Smtp(Strict):
    """The server that takes the mail.

    Args:
        host: Its name or address.
        port: Left out, 587, 465 or 25, by ``security``.
        security: ``starttls``, ``tls`` from the first byte, or ``none``.
        username: With ``password_secret``, for a server that wants to know who sends.
        password_secret: The name of a secret.
        ca_secret: The name of a secret with the authorities to trust, as PEM; left out, those that are trusted publicly.
    """

    host: Annotated[str, Field(max_length=253), AfterValidator(_host)]
    port: int | None = Field(default=None, ge=1, le=65535, strict=True)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = Field(default=None, min_length=1)
    password_secret: SecretName | None = None
    ca_secret: SecretName | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Smtp:
        if (self.username is None) != (self.password_secret is None):
            raise ValueError("username and password_secret go together")
        if self.username is not None and self.security == "none":
            raise ValueError("a password is not sent without encryption: use starttls or tls")
        return self

    @property
    def the_port(self) -> int:
        """Where it listens."""
        return self.port or _PORTS[self.security]


class EmailConfiguration(Strict):
    """Who gets what. Texts may have gaps, see `sinks.filling`.

    Args:
        smtp: The server.
        sender: Written ``from``.
        to: Addresses; one that is empty once it is filled is left out.
        cc: As ``to``.
        bcc: As ``to``; in no header.
        reply_to: As ``to``.
        subject: One line.
        body: What stands before the results.
        format: Whether the body is HTML; values in it are then escaped.
        results: Whether the results stand in the body, are attached, or are left out.
        attachment: The attachment's name.
        compression: Of the attachment; its name then ends with ``.gz`` or ``.zip``.
        max_bytes: A mail that would be larger is not sent.
    """

    smtp: Smtp
    sender: Annotated[str, AfterValidator(_address)] = Field(alias="from", max_length=320)
    to: Recipients = Field(min_length=1)
    cc: Recipients = Field(default_factory=list)
    bcc: Recipients = Field(default_factory=list)
    reply_to: Recipients = Field(default_factory=list)
    subject: Filled = "{{ job }}: run {{ run }} {{ run_state }}"
    body: Filled = "Run {{ run }} of {{ job }} has {{ run_state }}. Results: {{ count }}."
    format: Literal["plain", "html"] = "plain"
    results: Literal["body", "attachment", "none"] = "body"
    attachment: Filled = "run-{{ run }}.json"
    compression: Literal["none", "gzip", "zip"] = "none"
    max_bytes: int = Field(default=10_000_000, ge=1000, le=50_000_000, strict=True)


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that a configuration uses."""
    named = (configuration["smtp"].get(field) for field in ("password_secret", "ca_secret"))
    return [name for name in named if name]
