"""Looking for what nobody does: runs that have not begun, runs that do not end, schedules that no beat serves.

A rule is looked at every `LOOK_SECONDS`, by whichever sweep comes first. Under the lock of `noticing` what is found is told once: a
notice's key, or how far a rule has told of late runs, is written in the transaction that makes the notice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

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
MOST_AT_ONCE = 100
"""Stuck runs, or schedules, that a rule tells of in one look; the others follow with the next."""
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
        again = now + dt.timedelta(seconds=LOOK_SECONDS)
        Rule.objects.filter(pk__in=[rule.pk for rule in rules], look_at__isnull=False).update(look_at=again)
    if made:
        dispatch.publish_deliveries()
    return len(rules)


def _look_for(rule: Rule, now: dt.datetime, overdue: FindOverdue) -> int:
    """How many notices were made. What fails for one rule must not keep the others from being looked at."""
    try:
        with transaction.atomic():
            document = read_rule(rule.document)
            found = [
                each for word, find in _FINDERS.items() if word in document.events for each in find(rule, document, now)
            ]
            if "late" in document.events:
                found += _late_schedules(rule, document, now, overdue)
            return make(found, [rule], now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("notices.not_looked", rule=rule.pk)
    return 0


def _late_runs(rule: Rule, document: RuleDocument, now: dt.datetime) -> Iterator[Happening]:
    asked = {"rule_id": rule.pk, "workspace_id": rule.workspace_id, "before": now - document.late}
    rows = counted("late_runs", asked, of=WATCHING)
    jobs = Job.objects.only("type", "name").in_bulk([row.job_id for row in rows])
    for row in rows:
        if row.job_id not in jobs:
            continue  # it was deleted meanwhile
        yield Happening(
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


def _stuck_runs(rule: Rule, document: RuleDocument, now: dt.datetime) -> Iterator[Happening]:
    asked = {
        "rule_id": rule.pk,
        "workspace_id": rule.workspace_id,
        "job_ids": _job_ids(rule, document),
        "allowed": document.stuck,
        "enough": ENOUGH,
        "now": now,
        "take": MOST_AT_ONCE,
    }
    rows = counted("stuck_runs", asked, of=WATCHING)
    jobs = Job.objects.only("type", "name").in_bulk({row.job_id for row in rows})
    for row in rows:
        if row.job_id not in jobs:
            continue
        yield Happening(
            event="run.stuck",
            key=f"run.stuck:{row.id}",
            job_id=row.job_id,
            job=jobs[row.job_id].key,
            at=now,
            run=row.id,
            since=row.started_at,
        )


_FINDERS: dict[str, Callable[[Rule, RuleDocument, dt.datetime], Iterator[Happening]]] = {
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
