"""Who is acting, for what is written about it: kept for the length of a request, or of a command."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_request: ContextVar[HttpRequest | None] = ContextVar("acting_request", default=None)
_command: ContextVar[str] = ContextVar("acting_command", default="")


@dataclass(frozen=True, slots=True)
class Who:
    """Args:
    actor: The user's name; on a machine's command line the account's. Empty for the system itself.
    via: ``api``, ``admin``, ``command NAME``, or empty.
    token: The name of the token that was used; empty for none.
    """

    actor: str = ""
    via: str = ""
    token: str = ""


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Keep the request. Who makes it is found out only when that is asked: a token is looked at later than here."""

    def keep(request: HttpRequest) -> HttpResponseBase:
        kept = _request.set(request)
        try:
            return get_response(request)
        finally:
            _request.reset(kept)

    return keep


def by_command(name: str) -> None:
    """This process runs a command of manage.py."""
    _command.set(name)


def who() -> Who:
    """Whoever acts now."""
    request = _request.get()
    if request is not None:
        via = "api" if request.path.startswith("/api/") else "admin"
        user = getattr(request, "user", None)
        token = getattr(getattr(request, "auth", None), "name", "")
        return Who(user.get_username() if user is not None else "", via, token if isinstance(token, str) else "")
    return Who(getpass.getuser(), f"command {_command.get()}") if _command.get() else Who()
