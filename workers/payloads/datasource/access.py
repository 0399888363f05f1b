"""How a source or a destination is reached: the parameters that name secrets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from jobs.documents import Strict
from workers.payloads.datasource.words import HeaderName, HeaderValue, SecretName, Url


class BasicAuth(Strict):
    """User name and password (RFC 7617)."""

    username: Annotated[HeaderValue, Field(pattern=r"^[^:]*$")]
    password_secret: SecretName


class BearerAuth(Strict):
    """A token (RFC 6750)."""

    secret: SecretName


class ApiKeyAuth(Strict):
    """A key in a header or in the query, after ``prefix``."""

    secret: SecretName
    header: HeaderName | None = None
    query: str | None = Field(default=None, min_length=1)
    prefix: HeaderValue = ""

    @model_validator(mode="after")
    def _one_place(self) -> ApiKeyAuth:
        if (self.header is None) == (self.query is None):
            raise ValueError("give either header or query: where the key goes")
        return self


class Auth(Strict):
    """How to prove who asks, as for an http payload."""

    basic: BasicAuth | None = None
    bearer: BearerAuth | None = None
    api_key: ApiKeyAuth | None = None

    @model_validator(mode="after")
    def _one_scheme(self) -> Auth:
        if sum(scheme is not None for scheme in (self.basic, self.bearer, self.api_key)) != 1:
            raise ValueError("give exactly one of basic, bearer, api_key")
        return self

    @property
    def secret_name(self) -> str:
        """The secret that it uses."""
        if self.basic:
            return self.basic.password_secret
        chosen = self.bearer or self.api_key
        assert chosen is not None  # one of the three is given
        return chosen.secret


class S3(Strict):
    """An S3 service and its keys. Without keys the requests are anonymous; without ``endpoint_url`` they go to Amazon's."""

    endpoint_url: Url | None = None
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]{1,40}$")
    access_key_secret: SecretName | None = None
    secret_key_secret: SecretName | None = None

    @model_validator(mode="after")
    def _both_keys(self) -> S3:
        if (self.access_key_secret is None) != (self.secret_key_secret is None):
            raise ValueError("give both access_key_secret and secret_key_secret, or neither")
        return self

    @property
    def secret_names(self) -> list[str]:
        """The secrets that it uses."""
        return [name for name in (self.access_key_secret, self.secret_key_secret) if name]
