"""Which sinks and jobs name a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jobs import kinds
from jobs.models import Job, Workspace
from sinks import registry
from sinks.models import Sink

MOST_JOBS = 2_000
"""Jobs and sinks that are looked through; what only later ones name is not told."""
MOST_ITEMS = 1_000
"""Of a payload list the first so many items."""


def users_of_secrets(*, workspace: Workspace) -> tuple[dict[str, list[tuple[str, str]]], bool]:
    """By a secret's name what names it, as pairs of ``job`` or ``sink`` and the key or name, in two queries.

    Returns:
        Them, sorted; and whether there was more than is looked through. A sink of a single job counts as the job.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    rows = Sink.objects.filter(workspace=workspace).select_related("job")
    rows = rows.only("name", "kind", "configuration", "job__type", "job__name")
    sinks = list(rows.order_by("pk")[: MOST_JOBS + 1])
    jobs = list(Job.objects.filter(workspace=workspace).only("type", "name", "payload").order_by("pk")[: MOST_JOBS + 1])
    for sink in sinks[:MOST_JOBS]:
        user = ("sink", sink.name) if sink.job is None else ("job", sink.job.key)
        _note(found, user, _of_sink(sink))
    for job in jobs[:MOST_JOBS]:
        _note(found, ("job", job.key), _of_job(job))
    return {name: sorted(users) for name, users in found.items()}, max(len(sinks), len(jobs)) > MOST_JOBS


def _note(found: dict[str, set[tuple[str, str]]], user: tuple[str, str], names: Iterable[str]) -> None:
    try:
        for name in names:
            found.setdefault(name, set()).add(user)
    except (AttributeError, KeyError, TypeError, ValueError):  # what was valid when it was saved, and is not any more
        return


def _of_sink(sink: Sink) -> Iterator[str]:
    kind = registry.get(sink.kind)
    if kind is not None:
        yield from kind.secrets(sink.configuration)


def _of_job(job: Job) -> Iterator[str]:
    for item in job.payload[:MOST_ITEMS]:
        kind = kinds.get(str(item.get("kind")))
        if kind is not None:
            yield from kind.secrets(item.get("parameters") or {})
