"""From the names of secrets to what is sent."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.errors import PermanentError
from workers.payloads.http.auth_parameters import ApiKeyAuth, Auth


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who asks, ready to send, and the values that must never be kept."""

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()


NONE = Credentials()


def resolve(auth: Auth | None, *, secret: Callable[[str], str]) -> Credentials:
    """Read the secrets. Raises PermanentError when there is none of that name, or it cannot be sent."""
    if auth is None:
        return NONE
    if auth.basic:
        password = secret(auth.basic.password_secret)
        pair = f"{auth.basic.username}:{password}"
        encoded = base64.b64encode(pair.encode()).decode()
        return Credentials(headers=(("Authorization", f"Basic {encoded}"),), secrets=(password, pair))
    if auth.bearer:
        token = _sendable(auth.bearer.secret, secret)
        return Credentials(headers=(("Authorization", f"Bearer {token}"),), secrets=(token,))
    assert auth.api_key is not None  # one of the three is given: parameters.Auth
    return _api_key(auth.api_key, secret)


def secrets_of(parameters: Mapping[str, Any]) -> Iterator[str]:
    """The names of the secrets that valid parameters use."""
    auth = Auth.model_validate(parameters["auth"]) if parameters.get("auth") else None
    if auth and auth.basic:
        yield auth.basic.password_secret
    if auth and auth.bearer:
        yield auth.bearer.secret
    if auth and auth.api_key:
        yield auth.api_key.secret


def _api_key(auth: ApiKeyAuth, secret: Callable[[str], str]) -> Credentials:
    key = _sendable(auth.secret, secret)
    if auth.header:
        return Credentials(headers=((auth.header, auth.prefix + key),), secrets=(key,))
    return Credentials(query=((auth.query or "", auth.prefix + key),), secrets=(key,))


def _sendable(name: str, secret: Callable[[str], str]) -> str:
    """A secret that may go into a header. A line break at its end, as editors leave one, is not part of it."""
    value = secret(name).rstrip("\r\n")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise PermanentError(f"the secret {name} contains control characters, which no header can carry", code="secret")
    return value
