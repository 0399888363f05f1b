"""Making notices of what has happened, and handing them to the deliverers. Any number of sweeps may do it at once.

One of them does it at a time, in one transaction: the notices, what their rules know afterwards, their deliveries, and that what
caused them is dealt with. Whoever dies here has done all of it or nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from jobs import dispatch
from jobs.models import Job, Occurrence, Run
from sinks.models import Delivery, Notice, Rule, Watch
from sinks.rules import RuleDocument, read_rule
from sinks.telling import Happening, Last, Told, Watched, tell
from sinks.wording import document_of

BATCH = 500
"""Occurrences in one transaction."""
MOST_BATCHES = 5
"""In one go: whoever sweeps has other things to do, and comes again."""
MOST_IN_A_DIGEST = 1000
_LOCK = 0x6E6F7465
"""The class of the advisory lock of who makes notices ("note")."""
_MAX_WORDS = 300

log = structlog.get_logger(__name__)


class Judged(NamedTuple):
    """A notice to be, and whose."""

    rule: Rule
    document: RuleDocument
    told: Told


def work_off(*, now: dt.datetime) -> int:
    """Make notices of what has happened to watched jobs; with how much of it this dealt: with `MOST_BATCHES` at most.

    Args:
        now: Aware UTC.
    """
    done = 0
    for _ in range(MOST_BATCHES):
        dealt = _next_batch(now) if Occurrence.objects.exists() else 0
        done += dealt
        if dealt < BATCH:
            break
    if done:
        dispatch.publish_deliveries()  # once for all; that there may be nothing to deliver is found out quickly
    return done


def send_collected(*, now: dt.datetime) -> int:
    """Hand over what rules have collected for as long as they say: how many deliveries were made."""
    made = 0
    # In the order of its index: asked only whether there is one, the planner may go through all notices for it.
    due = Notice.objects.filter(send_at__lte=now).order_by("send_at").values_list("rule_id", flat=True)
    if not due[:1]:
        return made
    with alone() as taken:
        for rule_id in sorted(set(due[:MOST_IN_A_DIGEST])) if taken else []:
            made += _send_digest(rule_id)
    if made:
        dispatch.publish_deliveries()
    return made


@contextmanager
def alone() -> Iterator[bool]:
    """A transaction in which nobody else makes notices; False when somebody else does."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [_LOCK])
            (taken,) = cursor.fetchone()
        yield bool(taken)


def make(happenings: Sequence[Happening], rules: Sequence[Rule], *, now: dt.datetime) -> int:
    """Make the notices of these rules, all of one workspace, of what happened to its jobs, in that order; within `alone`.

    What a rule has made a notice of under the same key already is passed over. The caller calls the deliverers after the commit.

    Returns:
        How many were made, also of those that are kept back.
    """
    documents = [(rule, read_rule(rule.document)) for rule in rules]
    known = _known(rules, [each.key for each in happenings])
    tags = dict(Job.objects.filter(pk__in={each.job_id for each in happenings}).values_list("pk", "tags"))
    watches = _Watches(rules, {each.job_id for each in happenings})
    judged: list[Judged] = []
    for happening in happenings:
        for rule, document in documents:
            wanted = document.jobs.matches(key=happening.job, tags=tags.get(happening.job_id, ()))
            if not wanted or (rule.pk, happening.key) in known:
                continue
            before = watches.of(rule.pk, happening.job_id)
            after, told = tell(document, before, happening)
            watches.put(rule.pk, happening.job_id, before, after)
            if told is not None:
                judged.append(Judged(rule, document, told))
    watches.write()
    _write(judged, now)
    return len(judged)


def _next_batch(now: dt.datetime) -> int:
    try:
        return _batch(BATCH, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # whatever one of them has, the others must be told
        log.exception("notices.batch_failed")
    return _singly(now)


def _batch(limit: int, now: dt.datetime) -> int:
    with alone() as taken:
        found = list(Occurrence.objects.order_by("pk")[:limit]) if taken else []
        if not found:
            return 0
        _tell_of(found, now)
        Occurrence.objects.filter(pk__in=[each.pk for each in found]).delete()
    return len(found)


def _singly(now: dt.datetime) -> int:
    """One of them cannot be told: it is dropped, and logged."""
    with alone() as taken:
        found = list(Occurrence.objects.order_by("pk")[:BATCH]) if taken else []
        for each in found:
            try:
                with transaction.atomic():
                    _tell_of([each], now)
            except (OperationalError, InterfaceError):
                raise
            except Exception:
                log.exception("notices.not_told", job=each.job_id, run=each.run_id, happened=each.kind)
        Occurrence.objects.filter(pk__in=[each.pk for each in found]).delete()
    return len(found)


def _tell_of(occurrences: Sequence[Occurrence], now: dt.datetime) -> None:
    by_workspace: dict[int, list[Occurrence]] = defaultdict(list)
    for each in occurrences:
        by_workspace[each.workspace_id].append(each)
    for workspace_id, its in by_workspace.items():
        rules = list(Rule.objects.filter(workspace=workspace_id, enabled=True).order_by("pk"))
        make(_happenings(its), rules, now=now)


def _happenings(occurrences: Sequence[Occurrence]) -> list[Happening]:
    """Those of jobs that are still there."""
    jobs = Job.objects.only("type", "name").in_bulk({each.job_id for each in occurrences})
    runs = Run.objects.only("error").in_bulk({each.run_id for each in occurrences if each.run_id is not None})
    return [
        _happening(each, jobs[each.job_id], runs.get(each.run_id or 0)) for each in occurrences if each.job_id in jobs
    ]


def _happening(each: Occurrence, job: Job, run: Run | None) -> Happening:
    data: Mapping[str, Any] = each.data
    about = each.run_id if each.run_id is not None else f"{data.get('schedule', job.pk)}:{each.pk}"
    first = data.get("first")
    return Happening(
        event=each.kind,
        key=f"{each.kind}:{about}",
        job_id=job.pk,
        job=job.key,
        at=each.at,
        run=each.run_id,
        schedule=data.get("name"),
        since=parse_datetime(first) if first else None,
        count=int(data.get("count", 1)),
        error=str(data.get("note") or data.get("detail") or _first_words(run)),
    )


def _first_words(run: Run | None) -> str:
    """Of the first payload that failed, or of the run itself; what is stored there has no secrets any more."""
    error: Mapping[str, Any] = (run and run.error) or {}
    messages = [each.get("message") for each in error.get("failed", ())]
    found = next(filter(None, messages), None) or error.get("message") or ""
    lines = str(found).strip().splitlines() or [""]
    return lines[0][:_MAX_WORDS]


class _Watches:
    """What these rules know of these jobs, and what of it has changed."""

    def __init__(self, rules: Sequence[Rule], job_ids: set[int]) -> None:
        rows = Watch.objects.filter(rule__in=[rule.pk for rule in rules], job__in=job_ids)
        self._known = {(row.rule_id, row.job_id): _watched(row) for row in rows}
        self._changed: dict[tuple[int, int], Watched] = {}

    def of(self, rule_id: int, job_id: int) -> Watched:
        return self._known.get((rule_id, job_id)) or Watched()

    def put(self, rule_id: int, job_id: int, before: Watched, after: Watched) -> None:
        if after != before:
            self._known[rule_id, job_id] = self._changed[rule_id, job_id] = after

    def write(self) -> None:
        rows = [
            Watch(rule_id=rule_id, job_id=job_id, **_columns(watched))
            for (rule_id, job_id), watched in self._changed.items()
        ]
        fields = ["failures", "failing_since", "told", "last", "late_until"]
        Watch.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["rule", "job"], update_fields=fields, batch_size=500
        )


def _watched(row: Watch) -> Watched:
    last = {
        word: Last(at=dt.datetime.fromisoformat(each["at"]), hushed=each["hushed"]) for word, each in row.last.items()
    }
    return Watched(
        failures=row.failures,
        failing_since=row.failing_since,
        told=row.told,
        last=last,
        late_until=row.late_until,
    )


def _columns(watched: Watched) -> dict[str, Any]:
    last = {word: {"at": each.at.isoformat(), "hushed": each.hushed} for word, each in watched.last.items()}
    return {**asdict(replace(watched, last={})), "last": last}


def _known(rules: Sequence[Rule], keys: Sequence[str]) -> set[tuple[int, str]]:
    found = Notice.objects.filter(rule__in=[rule.pk for rule in rules], key__in=keys)
    return set(found.values_list("rule_id", "key"))


def _write(judged: Sequence[Judged], now: dt.datetime) -> None:
    at_once = [each for each in judged if not each.told.hushed and each.document.digest is None]
    deliveries = Delivery.objects.bulk_create([_delivery(each.rule, notices=1) for each in at_once])
    sent = {id(each): delivery.pk for each, delivery in zip(at_once, deliveries, strict=True)}
    Notice.objects.bulk_create([_notice(each, now, sent.get(id(each))) for each in judged])
    for each in judged:
        log.info(
            "notice.kept_back" if each.told.hushed else "notice.made",
            rule=each.rule.name,
            happened=each.told.event,
            job=each.told.happening.job,
            run=each.told.happening.run,
        )


def _notice(each: Judged, now: dt.datetime, delivery_id: int | None) -> Notice:
    happening, collects_for = each.told.happening, each.document.collects_for
    waits = delivery_id is None and not each.told.hushed and collects_for is not None
    return Notice(
        workspace_id=each.rule.workspace_id,
        rule=each.rule,
        key=each.told.key,
        event=each.told.event,
        job_id=happening.job_id,
        run_id=happening.run,
        document=document_of(each.told, rule=each.rule.name, link=_link(happening)),
        created_at=now,
        send_at=now + collects_for if waits and collects_for is not None else None,
        delivery_id=delivery_id,
    )


def _link(happening: Happening) -> str | None:
    if not settings.JOBS_PUBLIC_URL:
        return None
    page = f"run/{happening.run}" if happening.run is not None else f"job/{happening.job_id}"
    return f"{settings.JOBS_PUBLIC_URL}/admin/jobs/{page}/change/"


def _delivery(rule: Rule, *, notices: int) -> Delivery:
    """Due at once."""
    return Delivery(
        rule=rule,
        workspace_id=rule.workspace_id,
        sink_id=rule.sink_id,
        first_position=0,
        last_position=notices - 1,
        payloads=notices,
        due_at=Now(),
    )


def _send_digest(rule_id: int) -> int:
    """All that a rule has collected, the first first; what is too much for one delivery goes with the next pass."""
    rule = Rule.objects.filter(pk=rule_id).first()
    found = Notice.objects.filter(rule=rule_id, send_at__isnull=False).order_by("pk")
    if rule is None:
        found.update(send_at=None)
        return 0
    ids = list(found.values_list("pk", flat=True)[:MOST_IN_A_DIGEST])
    delivery = _delivery(rule, notices=len(ids))
    delivery.save()
    Notice.objects.filter(pk__in=ids).update(send_at=None, delivery_id=delivery.pk)
    return 1
