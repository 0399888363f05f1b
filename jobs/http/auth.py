"""How a call proves who makes it: as a person writes it, and from the names of secrets to what is sent."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from jobs.documents import Strict
from jobs.errors import PermanentError
from jobs.http import signing
from jobs.http.fields import HeaderName, HeaderText, SecretName, UserName

Secret = Callable[[str], str]
"""From a secret's name to its value. Raises PermanentError (``secret``): there is none."""


class BasicAuth(Strict):
    """User name and password (RFC 7617)."""

    username: UserName
    password_secret: SecretName


class BearerAuth(Strict):
    """A token (RFC 6750)."""

    secret: SecretName


class ApiKeyAuth(Strict):
    """A key in a header or in the query, after ``prefix``."""

    secret: SecretName
    header: HeaderName | None = None
    query: Annotated[str, StringConstraints(min_length=1)] | None = None
    prefix: HeaderText = ""

    @model_validator(mode="after")
    def _one_place(self) -> ApiKeyAuth:
        if (self.header is None) == (self.query is None):
            raise ValueError("give either header or query: where the key goes")
        return self


class Sign(Strict):
    """Sign the request by Standard Webhooks, with each of these secrets: while one replaces another, both are good."""

    secrets: list[SecretName] = Field(min_length=1, max_length=5)


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves who asks, ready to send. ``private``: the values that must never be kept, whatever was made of them."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    private: tuple[str, ...] = field(default=(), repr=False)


def prove(way: BasicAuth | BearerAuth | ApiKeyAuth, *, secret: Secret) -> Proof:
    """Read the secret and make of it what is sent. Raises PermanentError (``secret``): there is none, or no header can carry it."""
    match way:
        case BasicAuth():
            password = secret(way.password_secret)
            header = ("Authorization", basic(username=way.username, password=password))
            return Proof(headers=(header,), private=(password, f"{way.username}:{password}"))
        case BearerAuth():
            token = sendable(way.secret, secret=secret)
            return Proof(headers=(("Authorization", f"Bearer {token}"),), private=(token,))
    key = sendable(way.secret, secret=secret)
    if way.header:
        return Proof(headers=((way.header, way.prefix + key),), private=(key,))
    return Proof(query=((way.query or "", way.prefix + key),), private=(key,))


def basic(*, username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def sendable(name: str, *, secret: Secret) -> str:
    """A secret that may go into a header. A line break at its end, as editors leave one, is not part of it."""
    value = secret(name).rstrip("\r\n")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise PermanentError(f"the secret {name} contains control characters, which no header can carry", code="secret")
    return value


def signing_keys(sign: Sign, *, secret: Secret) -> tuple[list[bytes], list[str]]:
    """The keys, and what of them must never be kept. Raises PermanentError (``secret``): there is none, or it is no key."""
    values = {name: secret(name) for name in sign.secrets}
    keys = [signing.read_key(value, name=name) for name, value in values.items()]
    return keys, [*values.values(), *(value.strip().removeprefix(signing.PREFIX) for value in values.values())]
