"""Who is calling: a bearer token, or the session of somebody who is logged in (REST framework's own, with its CSRF check)."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from jobs.models import ApiToken
from jobs.services.tokens import find_token


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``. Source: RFC 6750, section 2.1."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's user; None when the request has no bearer token, so that the session is asked next."""
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = find_token(token=token.strip(), now=dt.datetime.now(dt.UTC))
        if found is None:
            raise AuthenticationFailed("the bearer token is unknown or has expired")
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        """What WWW-Authenticate says beside a 401."""
        return 'Bearer realm="jobs"'
