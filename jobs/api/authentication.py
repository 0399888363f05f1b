"""Who is calling: a bearer token, or the session of somebody who is logged in (REST framework's own, with its CSRF check). Some
views take a run token, too."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from jobs.models import ApiToken
from jobs.selectors.access import Place
from jobs.selectors.callers import find_caller
from jobs.services import run_tokens
from jobs.services.tokens import digest, note_use


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``. Source: RFC 6750, section 2.1.

    Leaves with the request what its user is in the workspace of the address (`place_of`): it was found in the same query.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's user; None when the request has no bearer token, so that the session is asked next."""
        token = _bearer(request)
        if token is None:
            return None
        now = dt.datetime.now(dt.UTC)
        found = find_caller(digest=digest(token), slug=_workspace_of(request), now=now)
        if found is None:
            raise AuthenticationFailed("the bearer token is unknown or has expired")
        note_use(token=found.token, now=now)
        request.place = found.place  # type: ignore[attr-defined]
        return found.token.user, found.token

    def authenticate_header(self, request: Request) -> str:
        """What WWW-Authenticate says beside a 401."""
        return 'Bearer realm="jobs"'


class Attempt:
    """Stands where a user does when an attempt calls. It has no rights but those of its token."""

    is_authenticated = True
    is_active = True

    def __init__(self, claims: run_tokens.RunClaims) -> None:
        self._claims = claims

    def get_username(self) -> str:
        """As the event log names it."""
        return f"payload {self._claims.position}"


class RunTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <run token>``. Only for views whose permissions look at what the token is good for."""

    def authenticate(self, request: Request) -> tuple[Attempt, run_tokens.RunClaims] | None:
        """The attempt; None when the request has no run token, so that others are asked."""
        token = _bearer(request)
        if token is None or not token.startswith(run_tokens.PREFIX):
            return None
        try:
            claims = run_tokens.check(token=token, now=dt.datetime.now(dt.UTC))
        except run_tokens.RunTokenError as error:
            raise AuthenticationFailed(str(error)) from error
        return Attempt(claims), claims

    def authenticate_header(self, request: Request) -> str:
        """What WWW-Authenticate says beside a 401."""
        return 'Bearer realm="jobs"'


def place_of(request: Request, slug: str) -> Place | None:
    """What was found of the caller and a workspace when their token was looked up; None for whoever came without one."""
    place: Place | None = getattr(request, "place", None)
    return place if place is not None and place.slug == slug else None


def _workspace_of(request: Request) -> str:
    """The slug in the address; empty where there is none."""
    return str((request.parser_context or {}).get("kwargs", {}).get("workspace", ""))


def _bearer(request: Request) -> str | None:
    scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
