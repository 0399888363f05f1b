"""What sinks that call a service are told alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from jobs.documents.basis import Duration, Strict
from jobs.durations import parse_ms
from jobs.http.auth import ApiKeyAuth, BasicAuth, BearerAuth
from jobs.http.fields import Certificates, HeaderName, HeaderText, SecretName, exactly_one
from jobs.http.urls import parse_target

LONGEST_MS = 30_000.0
"""What an attempt may take in all."""
DEFAULT_MOST_BYTES = 8 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024


def _url(value: str) -> str:
    parse_target(value)
    return value


def _timeout(value: object) -> object:
    if not isinstance(value, str | int | float) or not 1 <= parse_ms(value) <= LONGEST_MS:
        raise ValueError("expected between 1 ms and 30 seconds, which is what an attempt may take")
    return value


Url = Annotated[str, AfterValidator(_url)]


def _header(value: object) -> object:
    """Text alone is the value."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        raise ValueError("expected text, or an object with secret")
    return value


class HeaderValue(Strict):
    """A header's value: text, or a secret of the workspace after ``prefix``."""

    text: HeaderText | None = None
    secret: SecretName | None = None
    prefix: HeaderText = ""

    @model_validator(mode="after")
    def _one_source(self) -> HeaderValue:
        exactly_one(self, "text", "secret")
        return self


class Tls(Strict):
    """``ca``: certificates in PEM form that are trusted instead of the public ones."""

    verify: bool = Field(default=True, strict=True)
    ca: Certificates | None = None


class Auth(Strict):
    """How to prove who delivers. The secret is named here, and read when the sink is opened."""

    basic: BasicAuth | None = None
    bearer: BearerAuth | None = None
    api_key: ApiKeyAuth | None = None

    @model_validator(mode="after")
    def _one_scheme(self) -> Auth:
        exactly_one(self, "basic", "bearer", "api_key")
        return self

    @property
    def way(self) -> BasicAuth | BearerAuth | ApiKeyAuth:
        """The one that is given."""
        way = self.basic or self.bearer or self.api_key
        assert way is not None  # _one_scheme
        return way


class CallConfiguration(Strict):
    """How a service is called.

    Args:
        headers: By name; a value is text or a secret.
        auth: How to prove who delivers.
        timeout: From connecting to the end of the answer.
        tls: Whose certificates are accepted.
        max_bytes: A delivery whose body would be larger is refused for good.
    """

    headers: dict[
        HeaderName, Annotated[HeaderValue, BeforeValidator(_header, json_schema_input_type=str | HeaderValue)]
    ] = Field(default_factory=dict, max_length=50)
    auth: Auth | None = None
    timeout: Annotated[Duration, BeforeValidator(_timeout)] = "30s"
    tls: Tls = Field(default_factory=Tls)
    max_bytes: int = Field(default=DEFAULT_MOST_BYTES, ge=1, le=MOST_BYTES, strict=True)

    @model_validator(mode="after")
    def _each_header_once(self) -> CallConfiguration:
        names = [name.lower() for name in self.headers]
        if self.auth:
            key = self.auth.api_key
            names.append((key.header or "").lower() if key else "authorization")
        if twice := sorted(name for name in set(names) if names.count(name) > 1):
            raise ValueError(f"the header {twice[0]} is given twice; auth sends one, and case makes no difference")
        return self

    @property
    def timeout_seconds(self) -> float:
        """`timeout` in seconds."""
        return parse_ms(self.timeout) / 1000


def secrets_of(configuration: Mapping[str, Any]) -> Iterator[str]:
    """The names of the secrets that a valid configuration uses."""
    if configuration.get("url_secret"):
        yield str(configuration["url_secret"])
    for value in (configuration.get("headers") or {}).values():
        if isinstance(value, dict) and value.get("secret"):
            yield str(value["secret"])
    for way in (configuration.get("auth") or {}).values():
        yield from (str(way[name]) for name in ("secret", "password_secret") if way and name in way)
