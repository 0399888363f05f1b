"""Rules of a workspace: save, delete; and which jobs are watched for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from jobs.documents.basis import refuse
from jobs.errors import ConflictError, FieldError, OutOfDateError
from jobs.models import Event, Job, Workspace
from jobs.services import audit, origins
from sinks.models import Notice, Rule, Sink, Watch
from sinks.rules import RuleDocument, parse_rule, read_rule
from sinks.services.naming import MUST_BE_NEW

_LOCKS = {
    True: "SELECT pg_advisory_xact_lock(%s, hashint8(%s))",
    False: "SELECT pg_advisory_xact_lock_shared(%s, hashint8(%s))",
}
KIND = "notice_rule"
"""As manifests call it."""
_LOCK = 0x72756C65
"""The class of the advisory locks of who saves rules, or jobs that they may be about ("rule")."""

log = structlog.get_logger(__name__)


def save_rule(
    *,
    workspace: Workspace,
    document: object,
    actor: str,
    expected_version: int | None = None,
    from_file: bool = False,
) -> Rule:
    """Create the rule of a workspace, or change it. It is about what happens from then on.

    What it knows of jobs that it is still about (how often they have failed in a row) it keeps. One that says already what is asked
    for is left alone.

    Args:
        workspace: The owner.
        document: See `sinks.rules.RuleDocument`.
        actor: Who does it.
        expected_version: What the writer saw; `naming.MUST_BE_NEW` for a new one, None for whatever stands there.
        from_file: It is written for the file that the rule is kept in.

    Raises:
        origins.KeptInFileError: It is kept in a file, and this is not written for it.
        ValidationError: The document was refused, or it names a sink that the workspace does not have.
        OutOfDateError: The rule has another version.
        ConflictError: It must be new and exists, or it was deleted meanwhile.
    """
    written = parse_rule(document)
    with transaction.atomic():
        _lock(workspace.pk, alone=True)
        sink = _sink_named(workspace, written.sink)
        rule = Rule.objects.select_for_update(no_key=True).filter(workspace=workspace, name=written.name).first()
        _refuse_changed(rule, written.name, expected_version)
        if rule is not None and (rule.document, rule.sink_id) == (_kept(written), sink.pk):
            return rule
        before = None if rule is None else dict(rule.document)
        if rule is not None and not from_file:
            origins.refuse_edit(workspace_id=workspace.pk, kind=KIND, name=rule.name)
        rule = _write(rule, workspace, sink, written)
        _record(rule, "rule.saved", actor, before=before, after=_kept(written))
        _forget_others(rule, written)
        watch_jobs(Job.objects.filter(workspace=workspace).only("workspace", "type", "name", "tags", "watched"))
        _say("rule.saved", rule=rule.name, workspace=workspace.slug, version=rule.version, actor=actor)
    rule.refresh_from_db()
    return rule


def delete_rule(*, rule: Rule, actor: str, expected_version: int | None = None, from_file: bool = False) -> None:
    """Delete a rule. What it has told stays; what it has collected and not sent is dropped.

    Raises:
        OutOfDateError: It has another version.
        origins.KeptInFileError: It is kept in a file, and this is not done for that.
    """
    with transaction.atomic():
        _lock(rule.workspace_id, alone=True)
        row = Rule.objects.select_for_update().filter(pk=rule.pk).first()
        if row is None:
            return
        _refuse_changed(row, row.name, expected_version)
        if not from_file:
            origins.refuse_edit(workspace_id=row.workspace_id, kind=KIND, name=row.name)
        Notice.objects.filter(rule=row.pk, send_at__isnull=False).delete()
        _record(row, "rule.deleted", actor, before=row.document)
        row.delete()
        watch_jobs(Job.objects.filter(workspace=rule.workspace_id).only("workspace", "type", "name", "tags", "watched"))
        origins.forget(workspace_id=rule.workspace_id, kind=KIND, name=rule.name)
        _say("rule.deleted", rule=rule.name, workspace_id=rule.workspace_id, actor=actor)


def hold_all(*, workspace_id: int) -> None:
    """Within a transaction: from now to its end nobody else saves a rule or a job of the workspace."""
    _lock(workspace_id, alone=True)


def before_job(workspace_id: int, _documents: Sequence[Any], _former: Sequence[Any]) -> None:
    """Before a job is written: no rule of its workspace is saved meanwhile, or neither would see the other."""
    _lock(workspace_id, alone=False)


def follow_job(job: Job, _actor: str) -> None:
    """A job was written, with its tags, within this transaction."""
    watch_jobs([job])


def watch_jobs(jobs: Iterable[Job]) -> None:
    """Write down which of these jobs, all of one workspace, are watched; within a transaction that holds `_lock`."""
    found = list(jobs)
    rules = _rules(found[0].workspace_id) if found else []
    changed: dict[bool, list[int]] = {True: [], False: []}
    for job in found:
        watched = any(rule.jobs.matches(key=job.key, tags=job.tags) for rule in rules)
        if watched != job.watched:
            changed[watched].append(job.pk)
            job.watched = watched
    for watched, ids in changed.items():
        # In the order of their ids, as whoever else locks several of them does.
        locked = (
            Job.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk", flat=True)
        )
        Job.objects.filter(pk__in=list(locked)).update(watched=watched)


def _say(event: str, **facts: object) -> None:
    """Log it once it is so: a plan undoes it."""
    transaction.on_commit(lambda: log.info(event, **facts), robust=True)


def _rules(workspace_id: int) -> list[RuleDocument]:
    rows = Rule.objects.filter(workspace=workspace_id, enabled=True)
    return [read_rule(row.document) for row in rows]


def _lock(workspace_id: int, *, alone: bool) -> None:
    """Rules are saved one after the other, and while no job is; any number of jobs may be.

    Not the workspace's row: who saves several jobs may come to want that for himself, and would wait for another who does.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCKS[alone], [_LOCK, workspace_id])


def _sink_named(workspace: Workspace, name: str) -> Sink:
    """Locked, so that it is not deleted meanwhile."""
    found = Sink.objects.select_for_update(no_key=True).filter(workspace=workspace, job__isnull=True, name=name).first()
    if found is None:
        refuse([FieldError("sink", f"the workspace has no sink named {name!r}: create it first")])
    assert found is not None
    return found


def _refuse_changed(rule: Rule | None, name: str, expected_version: int | None) -> None:
    if rule is None and expected_version:
        raise ConflictError(f"the rule {name} was deleted meanwhile")
    if rule is not None and expected_version == MUST_BE_NEW:
        raise ConflictError(f"the rule {name} exists already")
    if rule is not None and expected_version not in (None, rule.version):
        message = f"you have version {expected_version}; read it again and repeat your change"
        raise OutOfDateError(f"the rule {name} was changed by somebody else: {message}")


def _kept(written: RuleDocument) -> dict[str, Any]:
    return written.model_dump(mode="json", exclude_none=True)


def _write(rule: Rule | None, workspace: Workspace, sink: Sink, written: RuleDocument) -> Rule:
    columns = {"sink": sink, "document": _kept(written), "enabled": written.enabled}
    look_at = Now() if written.looks else None
    if rule is None:
        try:
            return Rule.objects.create(workspace=workspace, name=written.name, look_at=look_at, **columns)
        except IntegrityError as error:
            raise ConflictError(f"the rule {written.name} was created by somebody else meanwhile") from error
    rule.version += 1
    changed = {**columns, "look_at": look_at, "version": rule.version, "updated_at": Now()}
    Rule.objects.filter(pk=rule.pk).update(**changed)
    return rule


def _forget_others(rule: Rule, written: RuleDocument) -> None:
    """What it knows of jobs that it is not about any more would be wrong by the time that it is again."""
    known = Watch.objects.filter(rule=rule).select_related("job")
    gone = [each.pk for each in known if not written.jobs.matches(key=each.job.key, tags=each.job.tags)]
    Watch.objects.filter(pk__in=gone).delete()


def _record(
    rule: Rule, kind: str, actor: str, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> None:
    data = {"rule": rule.name, "version": rule.version}
    Event.objects.create(workspace_id=rule.workspace_id, kind=kind, actor=actor, data=data)
    audit.record(
        workspace_id=rule.workspace_id, action=kind, target=f"rule {rule.name}", before=before, after=after, actor=actor
    )
