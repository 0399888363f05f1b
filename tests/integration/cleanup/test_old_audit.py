"""The audit grows old, and goes only when that is asked for, and never before JOBS_AUDIT_DAYS."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jobs.models import AuditEntry, Job
from tests.integration.cleanup.history import NOW, clean, order
from tests.integration.people import make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


def entry(job: Job, days: float, **columns: Any) -> AuditEntry:
    """Made so many days before today, and before the day on which these tests play."""
    at = min(dt.datetime.now(dt.UTC), NOW) - dt.timedelta(days=days)
    usual: dict[str, Any] = {"workspace": job.workspace, "actor": "ann", "action": "x", "at": at}
    return AuditEntry.objects.create(**usual | columns)


def left() -> set[int]:
    return set(AuditEntry.objects.filter(action="x").values_list("pk", flat=True))


def test_old_entries_go_when_told_and_stay_when_not(job: Job) -> None:
    for days in (800, 700):
        entry(job, days)
    assert "audit_entries" not in clean(order(job))
    assert clean(order(job, audit=True, dry_run=True))["audit_entries"] == 2
    assert clean(order(job, audit=True))["audit_entries"] == 2
    assert not left()


def test_what_is_younger_than_is_kept_stays_whatever_is_asked_for(job: Job) -> None:
    young = entry(job, 0, at=dt.datetime.now(dt.UTC) - dt.timedelta(days=364))
    assert "audit_entries" not in clean(order(job, audit=True, before=NOW))
    assert left() == {young.pk}


def test_those_of_other_workspaces_stay_and_so_do_all_when_jobs_are_chosen(job: Job) -> None:
    mine, other = entry(job, 800), entry(job, 800, workspace=make_workspace("other"))
    clean(order(job, audit=True, jobs=["task:*"]))
    assert left() == {mine.pk, other.pk}
    clean(order(job, audit=True))
    assert left() == {other.pk}
