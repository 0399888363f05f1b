"""From the names of secrets to what is sent."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jobs.errors import PermanentError
from jobs.http.auth import Secret, Sign, basic, prove, sendable, signing_keys
from jobs.http.signing import Signer
from jobs.http.urls import parse_target
from workers.payloads.base import Work
from workers.payloads.http import certificates, proxies
from workers.payloads.http.auth_parameters import Auth, ClientCertificate, ClientCredentials, Proxy
from workers.payloads.http.connections import tls_context
from workers.payloads.http.credentials import Credentials
from workers.payloads.http.parameters import HttpParameters


def resolve(*, parameters: HttpParameters, work: Work) -> Credentials:
    """Read the secrets of a call, but for what OAuth 2.0 adds.

    Raises:
        PermanentError: code ``secret``: there is none of that name, or it cannot be used for this.
    """
    known = _of_auth(parameters.auth, work.secret)
    if parameters.sign:
        keys, private = signing_keys(parameters.sign, secret=work.secret)
        known = replace(known, signer=Signer(work.idempotency_key, keys), secrets=(*known.secrets, *private))
    if parameters.tls.client:
        certificate, values_of_it = _certificate(parameters.tls.client, work.secret)
        known = replace(known, certificate=certificate, secrets=(*known.secrets, *values_of_it))
    return known


def proxy_of(proxy: Proxy | None, *, work: Work) -> proxies.Proxy | None:
    """Where the proxy is, with what proves to it who asks. Raises PermanentError as `resolve` does."""
    if proxy is None:
        return None
    target = parse_target(proxy.url)
    if proxy.username is None or proxy.password_secret is None:
        return proxies.Proxy(target.host, target.port)
    password = work.secret(proxy.password_secret)
    work.hide(f"{proxy.username}:{password}")
    return proxies.Proxy(target.host, target.port, basic(username=proxy.username, password=password))


def with_token(known: Credentials, token: str) -> Credentials:
    """The credentials with an access token."""
    headers = (*known.headers, ("Authorization", f"Bearer {token}"))
    return replace(known, headers=headers, secrets=(*known.secrets, token))


def secrets_of(parameters: Mapping[str, Any]) -> Iterator[str]:
    """The names of the secrets that valid parameters use. Looks at nothing else of them: a job may have very many payloads."""
    if given := parameters.get("auth"):
        yield _named_by(Auth.model_validate(given))
    if given := parameters.get("sign"):
        yield from Sign.model_validate(given).secrets
    if given := (parameters.get("tls") or {}).get("client"):
        client = ClientCertificate.model_validate(given)
        yield from filter(None, (client.certificate_secret, client.key_secret, client.passphrase_secret))
    if isinstance(given := parameters.get("proxy"), dict) and given.get("password_secret"):
        yield str(given["password_secret"])


def _named_by(auth: Auth) -> str:
    if auth.basic:
        return auth.basic.password_secret
    if auth.bearer:
        return auth.bearer.secret
    if auth.oauth2:
        return auth.oauth2.client_secret
    assert auth.api_key is not None  # one of the four is given: auth_parameters.Auth
    return auth.api_key.secret


def client_secret(wanted: ClientCredentials, *, secret: Secret) -> str:
    """The secret of an OAuth 2.0 client."""
    return sendable(wanted.client_secret, secret=secret)


def _of_auth(auth: Auth | None, secret: Secret) -> Credentials:
    way = auth and (auth.basic or auth.bearer or auth.api_key)
    if not way:
        return Credentials()
    proof = prove(way, secret=secret)
    return Credentials(headers=proof.headers, query=proof.query, secrets=proof.private)


def _certificate(client: ClientCertificate, secret: Secret) -> tuple[certificates.ClientCertificate, list[str]]:
    """The certificate, once OpenSSL can read it, and the secrets that it was made of."""
    names = [name for name in (client.certificate_secret, client.key_secret) if name]
    parts = [secret(name) for name in names]
    passphrase = secret(client.passphrase_secret).rstrip("\r\n") if client.passphrase_secret else ""
    certificate = certificates.ClientCertificate("\n".join(parts), passphrase)
    try:
        tls_context(verify=True, ca=None, client=certificate)
    except ssl.SSLError:
        raise PermanentError(
            f"the secret {' and '.join(names)} cannot be used as a client certificate: expected it and its key in PEM form"
            + (", and the passphrase of the key" if passphrase else ""),
            code="secret",
        ) from None
    return certificate, [*parts, passphrase]
