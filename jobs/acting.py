"""Who is acting, for what is written about it: kept for the length of a request, or of a command."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

if TYPE_CHECKING:  # manage.py says which command it is before there are any models.
    from django.contrib.auth.models import User

_request: ContextVar[HttpRequest | None] = ContextVar("acting_request", default=None)
_command: ContextVar[str] = ContextVar("acting_command", default="")

_WAYS = (("/api/", "api"), ("/ui/", "ui"))
_SIGN = "SELECT set_config('jobs.acting_via', %s, true) AS via, set_config('jobs.acting_token', %s, true) AS token"


@dataclass(frozen=True, slots=True)
class Who:
    """Args:
    actor: The user's name; on a machine's command line the account's. Empty for the system itself.
    via: ``api``, ``admin``, ``ui``, ``command NAME``, or empty.
    token: The name of the token that was used; empty for none.
    user_id: The user's; None where no user of the site acts. A name may be given to somebody else, or to a machine's account.
    token_id: The token's; None for none.
    """

    actor: str = ""
    via: str = ""
    token: str = ""
    user_id: int | None = None
    token_id: int | None = None


_NOBODY = Who()
_told: ContextVar[Who] = ContextVar("acting_told", default=_NOBODY)


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


@contextmanager
def acting_as(actor: str, *, user: User | None = None) -> Iterator[None]:
    """Say who acts, where no request and no command tells: within the ``with`` block."""
    told = _told.set(Who(actor, user_id=None if user is None else user.pk) if actor or user else _told.get())
    try:
        yield
    finally:
        _told.reset(told)


def in_request() -> bool:
    """Whether a request is being served here."""
    return _request.get() is not None


def who() -> Who:
    """Whoever acts now."""
    request = _request.get()
    if request is not None:
        found = _by(request)
        return found if found.actor else replace(found, actor=_told.get().actor)
    return Who(account(), f"command {_command.get()}") if _command.get() else _told.get()


def sign(cursor: Any) -> None:
    """Tell the database by what way and with which token somebody acts, for what it writes into the audit by itself; until the
    present transaction ends. Nothing is sent where only the system acts."""
    acting = who()
    if acting.via:
        cursor.execute(_SIGN, [acting.via, acting.token])


def account() -> str:
    """The account of the machine as which this process runs; by its number where that has no name, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _by(request: HttpRequest) -> Who:
    via = next((word for prefix, word in _WAYS if request.path.startswith(prefix)), "admin")
    user = getattr(request, "user", None)  # a running payload is one without an id
    if user is None:
        return Who(via=via)
    auth = getattr(request, "auth", None)
    token, token_id = getattr(auth, "name", ""), getattr(auth, "pk", None)
    return Who(user.get_username(), via, token if isinstance(token, str) else "", getattr(user, "pk", None), token_id)
