"""How a call proves who makes it, as a person writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from jobs.documents import Strict
from jobs.http.auth import ApiKeyAuth, BasicAuth, BearerAuth
from jobs.http.fields import SecretName, UserName, exactly_one
from workers.payloads.http.fields import FixedUrl

Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class ClientCredentials(Strict):
    """OAuth 2.0 client credentials (RFC 6749, section 4.4). ``client_in`` says where the token server wants them."""

    token_url: FixedUrl
    client_id: Words
    client_secret: SecretName
    scope: Words | None = None
    audience: Words | None = None
    client_in: Literal["header", "body"] = "header"


class Auth(Strict):
    """How to prove who asks. The secret is named here and read when the call is made."""

    basic: BasicAuth | None = None
    bearer: BearerAuth | None = None
    api_key: ApiKeyAuth | None = None
    oauth2: ClientCredentials | None = None

    @model_validator(mode="after")
    def _one_scheme(self) -> Auth:
        exactly_one(self, "basic", "bearer", "api_key", "oauth2")
        return self


class ClientCertificate(Strict):
    """The certificate that the call shows to the server, and its key; the key may be in the certificate's secret."""

    certificate_secret: SecretName
    key_secret: SecretName | None = None
    passphrase_secret: SecretName | None = None


class Proxy(Strict):
    """An HTTP proxy between us and the server."""

    url: FixedUrl
    username: UserName | None = None
    password_secret: SecretName | None = None

    @model_validator(mode="after")
    def _plain(self) -> Proxy:
        if not self.url.lower().startswith("http://"):
            raise ValueError("url: expected a proxy that is spoken to by http://, which carries https too")
        if (self.username is None) != (self.password_secret is None):
            raise ValueError("give username and password_secret, or neither")
        return self
