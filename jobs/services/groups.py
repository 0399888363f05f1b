"""Concurrency groups: limits that the jobs of a workspace share."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Now
from pydantic import Field

from jobs.documents import GroupName, RateLimit, validated
from jobs.documents.basis import Strict
from jobs.errors import ConflictError, OutOfDateError
from jobs.models import ConcurrencyGroup, Event, Job, Rate, Run, Workspace
from jobs.services import audit, origins

MAX_LIMIT = 10_000
KIND = "concurrency_group"
"""As manifests call it."""

log = structlog.get_logger(__name__)


class GroupDocument(Strict):
    """A group as a person writes it."""

    name: GroupName
    limit: int | None = Field(default=None, ge=1, le=MAX_LIMIT, strict=True)
    rate: RateLimit | None = None


def parse_group(data: object) -> GroupDocument:
    """Validate a group as the API, the admin or a caller writes it. Raises ValidationError on ``name``, ``limit`` or ``rate``."""
    return validated(GroupDocument, data, "expected an object with name, limit and rate")


def save_group(
    *,
    workspace: Workspace,
    name: str,
    limit: int | None,
    rate: object,
    actor: str,
    must_be_new: bool = False,
    expected_version: int | None = None,
    from_file: bool = False,
) -> ConcurrencyGroup:
    """Create the group of that name, or replace its limits. Runs that are at work heed them with their next payloads.

    A group that says already what is asked for is left alone: no event.

    Args:
        workspace: The owner.
        name: A letter or digit, then letters, digits, ``_``, ``.``, ``:`` and ``-``, at most 100 in all: a host, for example.
        limit: How many payloads of its jobs may run at once, 1 to `MAX_LIMIT`; None for no limit.
        rate: ``{"count": 100, "period": "1m"}``: how many of them may begin per period; None for no limit.
        actor: Who does it.
        must_be_new: Leave one that exists alone, and say so.
        expected_version: The version that the writer saw; None for whatever stands there.
        from_file: It is written for the file that the group is kept in.

    Raises:
        ValidationError: On ``name``, ``limit`` or ``rate``.
        OutOfDateError: It has another version.
        ConflictError: It must be new, and exists.
        origins.KeptInFileError: It is kept in a file, and this is not written for it.
    """
    written = parse_group({"name": name, "limit": limit, "rate": rate})
    columns: dict[str, Any] = {
        "limit": written.limit,
        "rate": None if written.rate is None else written.rate.model_dump(mode="json"),
        "rate_interval_ms": None if written.rate is None else written.rate.interval_ms,
    }
    with transaction.atomic():
        group, created = ConcurrencyGroup.objects.select_for_update(no_key=True).get_or_create(
            workspace=workspace, name=written.name, defaults=columns
        )
        if must_be_new and not created:
            raise ConflictError(f"the group {written.name} exists already")
        _refuse_changed(group, expected_version)
        if not created and all(getattr(group, column) == value for column, value in columns.items()):
            return group
        before = None if created else _limits(group)
        if not (created or from_file):
            origins.refuse_edit(workspace_id=workspace.pk, kind=KIND, name=group.name)
        for column, value in columns.items():
            setattr(group, column, value)
        if not created:
            group.version, group.updated_at = group.version + 1, Now()
        group.save(update_fields=[*columns, "version", "updated_at"] if not created else list(columns))
        _record(group, "group.saved", actor=actor, before=before, after=_limits(group))
        name_of_it, slug = group.name, workspace.slug  # said once it is so: a plan undoes it
        transaction.on_commit(
            lambda: log.info("group.saved", group=name_of_it, workspace=slug, actor=actor), robust=True
        )
    return group


def delete_group(
    *, group: ConcurrencyGroup, actor: str, expected_version: int | None = None, from_file: bool = False
) -> None:
    """Delete a group that nothing uses. Runs that have ended are not written: they may be millions.

    Raises:
        OutOfDateError: It has another version than expected.
        ConflictError: Jobs name it, or runs that have not ended count against it.
        origins.KeptInFileError: It is kept in a file, and this is not done for that.
    """
    with transaction.atomic():
        # Saving a job locks the group that it names, so none can come to name it meanwhile.
        present = ConcurrencyGroup.objects.select_for_update().filter(pk=group.pk).first()
        if not from_file:
            origins.refuse_edit(workspace_id=group.workspace_id, kind=KIND, name=group.name)
        _refuse_changed(present or group, expected_version)
        jobs = [job.key for job in Job.objects.filter(group=group).only("type", "name").order_by("type", "name")[:6]]
        if jobs:
            named = ", ".join(jobs[:5]) + (" and more" if len(jobs) > 5 else "")
            raise ConflictError(f"the group {group.name} is used by {named}: take it out of their configuration first")
        active = Run.objects.filter(group=group, ended_at=None).count()
        if active:
            raise ConflictError(f"{active} active run(s) count against the group {group.name}: wait for their end")
        _record(group, "group.deleted", actor=actor, before=_limits(group), after=None)
        Rate.objects.filter(key=f"group:{group.pk}").delete()
        ConcurrencyGroup.objects.filter(pk=group.pk).delete()
        origins.forget(workspace_id=group.workspace_id, kind=KIND, name=group.name)
        transaction.on_commit(
            lambda: log.info("group.deleted", group=group.name, workspace_id=group.workspace_id, actor=actor),
            robust=True,
        )


def _refuse_changed(group: ConcurrencyGroup, expected_version: int | None) -> None:
    if expected_version not in (None, group.version):
        told = f"the group {group.name} was changed by somebody else: it has version {group.version}, you have {expected_version}"
        raise OutOfDateError(f"{told}; read it again and repeat your change")


def _limits(group: ConcurrencyGroup) -> dict[str, Any]:
    return {"limit": group.limit, "rate": group.rate}


def _record(
    group: ConcurrencyGroup, kind: str, *, actor: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    data = {"group": group.name, **_limits(group)}
    Event.objects.create(workspace_id=group.workspace_id, kind=kind, actor=actor, data=data)
    audit.record(
        workspace_id=group.workspace_id,
        action=kind,
        target=f"group {group.name}",
        before=before,
        after=after,
        actor=actor,
    )
