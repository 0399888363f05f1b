"""Doing once what is asked for twice: answers kept by the caller's own key.

A request takes the key's lock, finds no answer, does its work, keeps its answer and commits, all in one transaction. So whoever
dies before the commit has done nothing and left the key free, for the database undoes the work and ends the lock with the
connection; and whoever dies after it has left the answer for the next who asks.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection

from jobs.models import KeptAnswer, Workspace


class AskedBy(NamedTuple):
    """Whose key it is: the same key of another caller, or in another workspace, is another key."""

    workspace: Workspace
    caller: str
    key: str


class Request(NamedTuple):
    """What was asked for: with a key that was used, another request is refused."""

    method: str
    path: str
    digest: str


def take_key(asked: AskedBy) -> bool:
    """Become the one request with this key until the transaction ends. False while another is under way; nobody waits."""
    # One number: the system's other advisory locks are taken by two, which PostgreSQL keeps apart.
    words = f"{asked.workspace.pk}\n{asked.caller}\n{asked.key}"
    number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (number,))
        return bool(cursor.fetchone()[0])


def find_answer(asked: AskedBy, *, now: dt.datetime) -> KeptAnswer | None:
    """The answer that was given with this key, within the transaction that has taken it; one that has expired is forgotten."""
    kept = KeptAnswer.objects.filter(workspace=asked.workspace, caller=asked.caller, key=asked.key).first()
    if kept is not None and kept.expires_at <= now:
        kept.delete()
        return None
    return kept


def keep_answer(
    asked: AskedBy, request: Request, *, status: int, headers: Mapping[str, str], body: str, until: dt.datetime
) -> None:
    """Keep an answer, within the transaction that did the work. Raises IntegrityError if the key was not taken before."""
    KeptAnswer.objects.create(
        workspace=asked.workspace,
        caller=asked.caller,
        key=asked.key,
        **request._asdict(),
        status=status,
        headers=dict(headers),
        body=body,
        expires_at=until,
    )


def erase_expired(*, now: dt.datetime, limit: int = 1000) -> int:
    """Delete up to ``limit`` answers that have expired; the sweep asks for it, and several may. Returns how many."""
    expired = KeptAnswer.objects.filter(expires_at__lte=now).order_by("expires_at")
    batch = expired.select_for_update(skip_locked=True).values("pk")[:limit]
    deleted, _ = KeptAnswer.objects.filter(pk__in=batch).delete()
    return deleted
