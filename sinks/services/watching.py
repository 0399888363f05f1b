"""Looking for what nobody does: runs that have not begun, runs that do not end, schedules that no beat serves.

A rule is looked at every `LOOK_SECONDS`, by whichever sweep comes first. Under the lock of `noticing` what is found is told once: a
notice's key, or how far a rule has told of late runs, is written in the transaction that makes the notice.

A look reads `PAGE` runs that have not ended and no more: a million of them may wait. How far it came is written there, too; the
next sweep goes on from there, until all have been looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import structlog
from django.db import InterfaceError, OperationalError, transaction

from jobs import dispatch
from jobs.models import Job
from sinks.models import Notice, Rule
from sinks.rules import JobChoice, RuleDocument, read_rule
from sinks.selectors.counting import counted
from sinks.services.noticing import alone, make
from sinks.sql import WATCHING
from sinks.telling import Happening

LOOK_SECONDS = 15.0
RULES_AT_ONCE = 20
PAGE = 5000
"""Runs that have not ended that are looked at in one look; the next of them follow with the next sweep."""
MOST_AT_ONCE = 100
"""Runs that may be stuck, or schedules, that a rule looks at closely in one look, and tells of; the others follow."""
MOST_OVERDUE = 10_000
"""Schedules that are looked at for whether they have been told: all beats may be down."""
ENOUGH = 5
"""So many runs must have succeeded before it is known how long they usually take."""

log = structlog.get_logger(__name__)


class Overdue(Protocol):
    """A schedule that owes a run, and since when."""

    @property
    def schedule_id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def job_id(self) -> int: ...
    @property
    def fire_at(self) -> dt.datetime: ...
    @property
    def run_at(self) -> dt.datetime: ...


class FindOverdue(Protocol):
    """Finds the schedules of a workspace that were to be acted upon before a time. The scheduler knows, and stands beside."""

    def __call__(self, *, workspace_id: int, since: dt.datetime, limit: int) -> Sequence[Overdue]: ...


class Found(NamedTuple):
    """What one look has found. ``reached``: the last run that it looked at; 0 when no others are left, and the next begins anew."""

    happenings: list[Happening]
    reached: int


def look(*, now: dt.datetime, overdue: FindOverdue) -> int:
    """Tell what is late or stuck, for the rules whose time has come; how many rules that were.

    Args:
        now: Aware UTC.
        overdue: Finds schedules that no beat serves.
    """
    if not Rule.objects.filter(look_at__lte=now).exists():
        return 0
    made = 0
    with alone() as taken:
        rules = list(Rule.objects.filter(look_at__lte=now).order_by("look_at")[:RULES_AT_ONCE]) if taken else []
        for rule in rules:
            made += _look_for(rule, now, overdue)
    if made:
        dispatch.publish_deliveries()
    return len(rules)


def _look_for(rule: Rule, now: dt.datetime, overdue: FindOverdue) -> int:
    """How many notices were made. What fails for one rule must not keep the others from being looked at."""
    later = now + dt.timedelta(seconds=LOOK_SECONDS)
    try:
        with transaction.atomic():
            document = read_rule(rule.document)
            found = {word: find(rule, document, now) for word, find in _FINDERS.items() if word in document.events}
            happenings = [each for its in found.values() for each in its.happenings]
            if "late" in document.events:
                happenings += _late_schedules(rule, document, now, overdue)
            reached = {f"{word}_reached": its.reached for word, its in found.items()}
            _look_again(rule, now if any(reached.values()) else later, **reached)
            return make(happenings, [rule], now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("notices.not_looked", rule=rule.pk)
    _look_again(rule, later)
    return 0


def _look_again(rule: Rule, at: dt.datetime, **reached: int) -> None:
    """Unless nothing is looked for any more: somebody may have changed the rule meanwhile."""
    Rule.objects.filter(pk=rule.pk, look_at__isnull=False).update(look_at=at, **reached)


def _late_runs(rule: Rule, document: RuleDocument, now: dt.datetime) -> Found:
    asked = {"rule_id": rule.pk, "reached": rule.late_reached, "before": now - document.late}
    rows, reached = _page("late_runs", rule, asked)
    jobs = Job.objects.only("type", "name").in_bulk([row.job_id for row in rows])
    late = [
        Happening(
            event="run.late",
            key=f"run.late:{row.first}",
            job_id=row.job_id,
            job=jobs[row.job_id].key,
            at=now,
            run=row.first,
            since=row.since,
            count=row.count,
            until=row.last,
        )
        for row in rows
        if row.job_id in jobs  # or it was deleted meanwhile
    ]
    return Found(late, reached)


def _stuck_runs(rule: Rule, document: RuleDocument, now: dt.datetime) -> Found:
    asked = {
        "reached": rule.stuck_reached,
        "allowed": document.stuck,
        "enough": ENOUGH,
        "now": now,
        "suspects": MOST_AT_ONCE,
    }
    rows, reached = _page("stuck_runs", rule, asked)
    jobs = Job.objects.only("type", "name").in_bulk({row.job_id for row in rows})
    stuck = [
        Happening(
            event="run.stuck",
            key=f"run.stuck:{row.id}",
            job_id=row.job_id,
            job=jobs[row.job_id].key,
            at=now,
            run=row.id,
            since=row.started_at,
        )
        for row in rows
        if row.job_id in jobs
    ]
    return Found(stuck, reached)


def _page(statement: str, rule: Rule, asked: Mapping[str, Any]) -> tuple[list[Any], int]:
    """What is wrong among the next runs, and the last of them. Each row says that; one that has no job says nothing else."""
    rows = counted(statement, {"workspace_id": rule.workspace_id, "page": PAGE, **asked}, of=WATCHING)
    return [row for row in rows if row.job_id is not None], rows[0].reached


_FINDERS: dict[str, Callable[[Rule, RuleDocument, dt.datetime], Found]] = {
    "late": _late_runs,
    "stuck": _stuck_runs,
}


def _late_schedules(rule: Rule, document: RuleDocument, now: dt.datetime, overdue: FindOverdue) -> Iterator[Happening]:
    found = overdue(workspace_id=rule.workspace_id, since=now - document.late, limit=MOST_OVERDUE)
    job_ids = _job_ids(rule, document)
    told = set(Notice.objects.filter(rule=rule, key__in=[_key(each) for each in found]).values_list("key", flat=True))
    untold = [each for each in found if _key(each) not in told and (job_ids is None or each.job_id in job_ids)]
    jobs = Job.objects.only("type", "name").in_bulk({each.job_id for each in untold[:MOST_AT_ONCE]})
    for each in untold[:MOST_AT_ONCE]:
        if each.job_id not in jobs:
            continue
        yield Happening(
            event="schedule.late",
            key=_key(each),
            job_id=each.job_id,
            job=jobs[each.job_id].key,
            at=now,
            schedule=each.name,
            since=each.run_at,
        )


def _key(schedule: Overdue) -> str:
    """Of one fire time."""
    return f"schedule.late:{schedule.schedule_id}:{schedule.fire_at.timestamp():.0f}"


def _job_ids(rule: Rule, document: RuleDocument) -> list[int] | None:
    """The jobs that the rule is about; None for all of its workspace."""
    if document.jobs == JobChoice():
        return None
    jobs = Job.objects.filter(workspace=rule.workspace_id, watched=True).only("type", "name", "tags")
    return [job.pk for job in jobs if document.jobs.matches(key=job.key, tags=job.tags)]
