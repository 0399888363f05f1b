"""The queries: of the event log's end, of the lines of runs, of how far runs are. Each for all who watch together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from jobs.api.live.horizon import Writers
from jobs.api.live.topics import EVENT, LOG, Item, Scope, Topic, encode
from jobs.models import Event, Lane, LogLine, Run
from jobs.selectors.events import is_for_owners, readable
from jobs.selectors.run_views import Counts, counts_of, with_running

BATCH = 2_000
"""The most entries that one pass reads."""

PAGE = 500
"""The most that are read at once for one who was away."""

LOOK_BACK = 100_000
"""How many ids back a job's events are looked for: the log has no index for them that its writers would not have to pay for."""

_WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND granted AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock')
        AND relation = %s::regclass
        AND pid IS DISTINCT FROM pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_EVENT = ("id", "workspace_id", "job_id", "run_id", "kind", "actor", "data", "at", "job__type", "job__name")


def writers_of(table: str) -> Writers:
    """The transactions that may have taken ids of the table and have not committed."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, [table])
        return frozenset(row[0] for row in cursor.fetchall())


def newest_ids() -> tuple[int, int]:
    """The last ids that an event and a log line were given, whether or not those are visible, or are there still."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT last_value FROM jobs_event_id_seq), (SELECT last_value FROM jobs_log_line_id_seq)"
        )
        event_id, line_id = cursor.fetchone()
    return event_id, line_id


def last_event_id() -> int:
    """The highest id that is visible; 0 when there is none."""
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def unbroken_after(event_id: int) -> int:
    """The last id of those that follow this one without a hole; at most `BATCH` on."""
    ids = Event.objects.filter(pk__gt=event_id).order_by("pk").values_list("pk", flat=True)[:BATCH]
    for at, each in enumerate(ids, start=1):
        if each != event_id + at:
            return event_id + at - 1
    return event_id + len(ids)


def events_after(event_id: int) -> list[Item]:
    """The next events of all workspaces, by id; at most `BATCH`."""
    return _items(Event.objects.filter(pk__gt=event_id).order_by("pk")[:BATCH])


def events_of(topic: Topic, *, after: int, until: int) -> list[Item]:
    """The next events of one topic with ids above ``after`` and up to ``until`` that its caller may read; at most `PAGE`."""
    column = "pk" if topic.scope is Scope.WORKSPACE else topic.scope.value
    wanted = {"workspace": topic.workspace_id} | ({} if column == "pk" else {column: topic.id})
    events = Event.objects.filter(**wanted, pk__gt=after, pk__lte=until)
    return _items(readable(events, by_owner=topic.by_owner).order_by("pk")[:PAGE])


def last_line_id() -> int:
    """The highest id of a log line that is visible; 0 when there is none."""
    return LogLine.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def lines_of(run_ids: Collection[int], *, after: int, until: int, limit: int = BATCH) -> list[Item]:
    """The next log lines of these runs with ids above ``after`` and up to ``until``, by id."""
    lines = LogLine.objects.filter(run__in=run_ids, pk__gt=after, pk__lte=until).order_by("pk")[:limit]
    return [
        Item(
            LOG,
            line.pk,
            line.level,
            encode(
                {
                    "id": line.pk,
                    "position": line.position,
                    "attempt": line.attempt,
                    "level": line.level,
                    "message": line.message,
                    "at": line.at,
                }
            ),
            ((Scope.RUN, line.run_id),),
        )
        for line in lines
    ]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. ``at_work``: what its lanes hold. ``last_event``: the id of the last event it has so far."""

    state: str
    counts: Counts
    at_work: list[dict[str, Any]]
    last_event: int


def progress_of(run_ids: Iterable[int]) -> dict[int, Progress]:
    """How far these runs are, in one query. Runs that were erased are missing."""
    lanes = Lane.objects.filter(run=OuterRef("pk"), high__gt=F("low")).order_by("slot")
    at_work = ArraySubquery(
        lanes.values(json=JSONObject(slot="slot", position="low", until="high", progress="progress"))
    )
    # By group, and not the last by id: that would tempt the planner to read the whole log backwards.
    events = Event.objects.filter(run=OuterRef("pk")).order_by().values("run")
    last_event = Subquery(events.annotate(last=Max("pk")).values("last"))
    runs = with_running(Run.objects.filter(pk__in=list(run_ids))).annotate(at_work=at_work, last_event=last_event)
    return {
        run.pk: Progress(run.state, counts_of(run), run.at_work, run.last_event or 0)
        for run in runs.only("state", "total", "succeeded", "failed", "cancelled")
    }


def _items(events: QuerySet[Event]) -> list[Item]:
    return [_item(row) for row in events.values(*_EVENT)]


def _item(row: Mapping[str, Any]) -> Item:
    key = None if row["job__name"] is None else f"{row['job__type']}:{row['job__name']}"
    body = {name: row[name] for name in ("id", "kind", "actor", "data", "at")} | {"run": row["run_id"], "job": key}
    topics = ((Scope.RUN, row["run_id"]), (Scope.JOB, row["job_id"]), (Scope.WORKSPACE, row["workspace_id"]))
    return Item(EVENT, row["id"], row["kind"], encode(body), topics, is_for_owners(row["kind"]))
