"""Fetching an access token by client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote_plus, urlencode

from jobs.errors import PermanentError
from jobs.http import statuses
from jobs.http.statuses import Verdict
from jobs.http.urls import parse_target
from workers.payloads.http.auth_parameters import ClientCredentials
from workers.payloads.http.client import Options, Request
from workers.payloads.http.credentials import Credentials
from workers.payloads.http.guard import Guard
from workers.payloads.http.parameters import Redirects
from workers.payloads.http.received import decode, parse_json
from workers.payloads.http.report import Report
from workers.payloads.http.tokens import TOKENS, Client, Fetched, digest

_NO_REDIRECTS = Redirects(follow=False)
_MAX_BYTES = 256 * 1024
MAX_TOKEN_CHARACTERS = 16_384
_HEADERS = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


def client_of(wanted: ClientCredentials, *, workspace: str, secret: str) -> Client:
    """Whose token it is."""
    return Client(
        workspace, wanted.token_url, wanted.client_id, digest(secret), wanted.scope or "", wanted.audience or ""
    )


def access_token(
    *, wanted: ClientCredentials, client: Client, secret: str, options: Options, guard: Guard
) -> tuple[str, bool]:
    """A good token, and whether it had been kept from an earlier call.

    Raises:
        TransientError, PermanentError: As any call; code ``oauth2`` for what the token server refuses, or answers wrongly.
    """
    fetch: Callable[[], Fetched] = lambda: _fetch(wanted, secret, options, guard)  # noqa: E731 - bound to this call
    return TOKENS.get(client, fetch=fetch, guard=guard)


def _fetch(wanted: ClientCredentials, secret: str, options: Options, guard: Guard) -> Fetched:
    report = Report(request=_request(wanted, secret))
    # As the call itself; but a redirect is followed nowhere, for it would carry the secret.
    its_own = replace(options, expected=statuses.SUCCESS, redirects=_NO_REDIRECTS, max_response_bytes=_MAX_BYTES)
    response = report.call(options=its_own, guard=guard)
    verdict = statuses.classify(response.status)
    if verdict is not Verdict.SUCCEEDED:
        raise report.status_error(
            response, again=verdict is Verdict.AGAIN, code="oauth2", what="auth.oauth2: no token: "
        )
    try:
        return _read(parse_json(decode(response.kept, response.headers.get("content-type", ""))))
    except ValueError as error:
        raise PermanentError(
            f"auth.oauth2: what {report.call_words} answered is no token: {error}", code="oauth2"
        ) from None


def _request(wanted: ClientCredentials, secret: str) -> Request:
    form = {"grant_type": "client_credentials", "scope": wanted.scope, "audience": wanted.audience}
    # RFC 6749, section 2.3.1: both are form-encoded before they are joined.
    pair = f"{quote_plus(wanted.client_id)}:{quote_plus(secret)}"
    headers: tuple[tuple[str, str], ...] = ()
    if wanted.client_in == "body":
        form |= {"client_id": wanted.client_id, "client_secret": secret}
    else:
        headers = (("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),)
    return Request(
        method="POST",
        target=parse_target(wanted.token_url),
        headers=_HEADERS,
        body=urlencode({name: value for name, value in form.items() if value}).encode(),
        credentials=Credentials(headers=headers, secrets=(secret, pair)),
    )


def _read(answer: object) -> Fetched:
    """RFC 6749, section 5.1. Raises ValueError; what is told of the answer holds no token."""
    if not isinstance(answer, dict):
        raise ValueError("expected an object")
    token, kind = answer.get("access_token"), answer.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise ValueError("its token_type is not bearer")
    if not isinstance(token, str) or not 1 <= len(token) <= MAX_TOKEN_CHARACTERS or not token.isascii():
        raise ValueError("it has no access_token")
    if not token.isprintable():
        raise ValueError("its access_token contains control characters")
    return Fetched(token, _seconds(answer.get("expires_in")))


def _seconds(written: object) -> float | None:
    """Some servers write the number as text."""
    try:
        seconds = float(written) if isinstance(written, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
