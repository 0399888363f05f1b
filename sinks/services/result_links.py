"""Links to a run's results: signed, so that nobody can make one but us, and good for a time, whoever holds one.

A link is not kept anywhere. It holds the run, the format, the time, and who asked for it: when those may not read the results any
more, nobody may by their links either.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple, cast

import structlog
from django.conf import settings
from django.core import signing
from django.urls import get_script_prefix, reverse

from jobs.errors import JobsError
from jobs.models import Event, Role, Run, Scope
from jobs.selectors.results import refuse_erased
from jobs.services.lasting_rights import Caller, present_caller, what_is_lost
from sinks.services.run_results import FORMATS, ResultFormat

DEFAULT_LASTS = dt.timedelta(hours=1)
LONGEST = dt.timedelta(days=7)
_SALT = "sinks.result_links"

log = structlog.get_logger(__name__)


class LinkExpired(JobsError):
    """It was one of ours, and its time is over."""


class LinkWrong(JobsError):
    """We have not made it, or not like this."""


class Link(NamedTuple):
    """What a link is good for, and by whose right; None for the system's own."""

    run_id: int
    kind: ResultFormat
    caller: Caller | None = None


class NewLink(NamedTuple):
    """Its address on this site, and until when it is good."""

    address: str
    expires_at: dt.datetime


def make_link(*, link: Link, now: dt.datetime, lasts: dt.timedelta = DEFAULT_LASTS) -> NewLink:
    """Make a link, and tell nobody: see `issue_link`.

    Args:
        link: What it shall be good for.
        now: Aware.
        lasts: At most `LONGEST`; whole seconds count.
    """
    until = int((now + lasts).timestamp())
    token = signing.dumps([link.run_id, link.kind, until, *(link.caller or ())], salt=_SALT)
    return NewLink(reverse("result-link", args=[token]), dt.datetime.fromtimestamp(until, dt.UTC))


def issue_link(
    *, run: Run, kind: ResultFormat, actor: str, now: dt.datetime, lasts: dt.timedelta = DEFAULT_LASTS
) -> NewLink:
    """Make a link for somebody, and keep who asked for it: whoever has it needs no account.

    Args:
        run: Whose results. The caller has seen to it that the actor may read them.
        kind: Of the file.
        actor: Who asks for it.
        now: Aware.
        lasts: At most `LONGEST`.

    Raises:
        GoneError: A cleanup has erased the results.
    """
    refuse_erased(run=run)
    made = make_link(link=Link(run.pk, kind, present_caller()), now=now, lasts=lasts)
    about = {"format": kind, "expires_at": made.expires_at.isoformat()}
    Event.objects.create(
        workspace_id=run.workspace_id, job_id=run.job_id, run=run, kind="results.linked", actor=actor, data=about
    )
    log.info("results.linked", run=run.pk, job=run.job_key, workspace_id=run.workspace_id, actor=actor, **about)
    return made


def whole(address: str, *, seen: Callable[[str], str]) -> str:
    """An address of this site with scheme and host: those of JOBS_PUBLIC_URL; or as ``seen`` completes it, where that is not set.

    Behind a proxy that ends TLS a request says http, and its host is what the client wrote.
    """
    if not settings.JOBS_PUBLIC_URL:
        return seen(address)
    return f"{settings.JOBS_PUBLIC_URL}/{address.removeprefix(get_script_prefix())}"


def read_link(token: str, *, now: dt.datetime) -> Link:
    """What a link is good for. Raises LinkWrong and LinkExpired, in words for who has followed it."""
    try:
        run_id, kind, until, *caller = signing.loads(token, salt=_SALT)
    except signing.BadSignature as error:
        raise LinkWrong(
            "This link is not complete, or was not made here: copy the whole of it, or ask for a new one."
        ) from error
    if now.timestamp() >= until:
        over = dt.datetime.fromtimestamp(until, dt.UTC)
        raise LinkExpired(f"This link was good until {over:%Y-%m-%d %H:%M:%S} UTC: ask for a new one.")
    assert kind in FORMATS
    return Link(run_id, cast(ResultFormat, kind), Caller(*caller) if caller else None)


def refuse_lost(*, link: Link, workspace_id: int, now: dt.datetime) -> None:
    """Raise LinkWrong, in words for who has followed it, when its maker may not read the results any more."""
    if link.caller is None:
        return
    if what_is_lost(link.caller, workspace_id=workspace_id, role=Role.VIEWER, scope=Scope.READ, now=now):
        log.info("results.link_refused", run=link.run_id, workspace_id=workspace_id)
        raise LinkWrong("Who made this link may not read these results any more: ask somebody else for a new one.")
