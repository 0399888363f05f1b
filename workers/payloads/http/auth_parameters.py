"""How a call proves who makes it, as a person writes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints, model_validator

from jobs.documents import Strict
from workers.payloads.http.fields import HeaderName, HeaderText, SecretName, UserName, exactly_one


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


class Auth(Strict):
    """How to prove who asks. The secret is named here and read when the call is made."""

    basic: BasicAuth | None = None
    bearer: BearerAuth | None = None
    api_key: ApiKeyAuth | None = None

    @model_validator(mode="after")
    def _one_scheme(self) -> Auth:
        exactly_one(self, "basic", "bearer", "api_key")
        return self
