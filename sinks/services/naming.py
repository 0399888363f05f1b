"""Named sinks of a workspace: save, delete, enable again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from jobs import dispatch
from jobs.documents.basis import refuse
from jobs.errors import ConflictError, FieldError, OutOfDateError
from jobs.models import Event, Workspace
from jobs.services import audit, origins
from sinks import registry
from sinks.documents import SinkDocument, parse_sink, read_entry, unit_errors
from sinks.models import Rule, Sink, Standing, Use
from sinks.services.following import change

MUST_BE_NEW = 0
"""As an expected version: there must be no such sink yet."""

log = structlog.get_logger(__name__)


def save_sink(
    *,
    workspace: Workspace,
    document: object,
    actor: str,
    expected_version: int | None = None,
    from_file: bool = False,
) -> Sink:
    """Create the named sink of a workspace, or change it; what waits to be delivered is delivered as it says then.

    A sink whose kind or configuration changed is given another chance: it rests no longer and is enabled. One that says already
    what is asked for is left alone.

    Args:
        workspace: The owner.
        document: See `sinks.documents.SinkDocument`.
        actor: Who does it.
        expected_version: What the writer saw; `MUST_BE_NEW` for a new one, None for whatever stands there.
        from_file: It is written for the file that the sink is kept in.

    Raises:
        origins.KeptInFileError: It is kept in a file, and this is not written for it.
        ValidationError: The document was refused, or a job that uses the sink asks for what its new kind cannot deliver.
        OutOfDateError: It has another version.
        ConflictError: It must be new and exists, or it was deleted meanwhile.
    """
    written = parse_sink(document)
    with transaction.atomic():
        sink = _named(workspace, written.name)
        before = None if sink is None else _document(sink)
        if sink is None:
            sink = _create(workspace, written, expected_version)
        else:
            _refuse_changed(sink, expected_version)
            if _says(sink, written):
                return sink
            if not from_file:
                origins.refuse_edit(workspace_id=workspace.pk, kind="sink", name=sink.name)
            _refuse_misfits(sink, written.kind)
            _write(sink, written)
        _record(sink, "sink.saved", actor, before=before, after=written.model_dump(mode="json"))
        _say("sink.saved", sink=sink.name, workspace=workspace.slug, kind=sink.kind, version=sink.version, actor=actor)
    sink.refresh_from_db()
    return sink


def delete_sink(*, sink: Sink, actor: str, expected_version: int | None = None, from_file: bool = False) -> None:
    """Delete a named sink that no job uses. What it was still owed becomes dead, and can be delivered again elsewhere.

    Raises:
        OutOfDateError: It has another version.
        ConflictError: Jobs or rules use it; they are named.
        origins.KeptInFileError: It is kept in a file, and this is not done for that.
    """
    with transaction.atomic():
        # Saving a job locks the sinks that it names, so none can come to use it meanwhile.
        row = Sink.objects.select_for_update().filter(pk=sink.pk, job__isnull=True).first()
        if row is None:
            return
        _refuse_changed(row, expected_version)
        if not from_file:
            origins.refuse_edit(workspace_id=row.workspace_id, kind="sink", name=row.name)
        _refuse_used(row)
        _record(row, "sink.deleted", actor, before=_document(row))
        row.delete()
        origins.forget(workspace_id=sink.workspace_id, kind="sink", name=sink.name)
        _say("sink.deleted", sink=sink.name, workspace_id=sink.workspace_id, actor=actor)


def enable_sink(*, sink: Sink, actor: str) -> bool:
    """Deliver again to a sink that was disabled, or that rests. False when it was neither.

    Any sink: a named one, and one of a job's own.
    """
    with transaction.atomic():
        standing = Standing.objects.select_for_update(no_key=True).filter(sink=sink.pk).first()
        if standing is None or (standing.disabled_at is None and standing.retry_at is None):
            return False
        Standing.objects.filter(pk=standing.pk).update(
            failures=0, rests=0, retry_at=None, disabled_at=None, disabled_reason=""
        )
        _record(sink, "sink.enabled", actor)
        transaction.on_commit(dispatch.publish_deliveries, robust=True)
    log.info("sink.enabled", sink=sink.name, workspace_id=sink.workspace_id, actor=actor)
    return True


def _say(event: str, **facts: object) -> None:
    """Log it once it is so: a plan undoes it."""
    transaction.on_commit(lambda: log.info(event, **facts), robust=True)


def _named(workspace: Workspace, name: str) -> Sink | None:
    rows = Sink.objects.select_for_update(no_key=True)
    return rows.filter(workspace=workspace, job__isnull=True, name=name).first()


def _create(workspace: Workspace, written: SinkDocument, expected_version: int | None) -> Sink:
    if expected_version:
        raise ConflictError(f"the sink {written.name} was deleted meanwhile")
    try:
        with transaction.atomic():
            sink = Sink.objects.create(workspace=workspace, **written.model_dump())
    except IntegrityError as error:
        raise ConflictError(f"the sink {written.name} was created by somebody else meanwhile") from error
    Standing.objects.create(sink=sink)
    return sink


def _says(sink: Sink, written: SinkDocument) -> bool:
    return all(getattr(sink, name) == value for name, value in written.model_dump().items())


def _write(sink: Sink, written: SinkDocument) -> None:
    if (sink.kind, sink.configuration) == (written.kind, written.configuration):
        sink.version += 1
        Sink.objects.filter(pk=sink.pk).update(version=sink.version, updated_at=Now())
    else:
        change(sink, kind=written.kind, configuration=written.configuration)
        transaction.on_commit(dispatch.publish_deliveries, robust=True)
    Sink.objects.filter(pk=sink.pk).update(description=written.description)


def _refuse_changed(sink: Sink, expected_version: int | None) -> None:
    if expected_version == MUST_BE_NEW:
        raise ConflictError(f"the sink {sink.name} exists already")
    if expected_version is not None and expected_version != sink.version:
        message = f"you have version {expected_version}; read it again and repeat your change"
        raise OutOfDateError(f"the sink {sink.name} was changed by somebody else: {message}")


def _refuse_misfits(sink: Sink, kind_name: str) -> None:
    """A job that asks for one delivery a run is not served by a kind that takes single payloads only."""
    kind = registry.get(kind_name)
    assert kind is not None  # the document was parsed
    for use in _uses(sink):
        entries = [read_entry(entry) for entry in use.job.sinks]
        errors = [error for entry in entries if entry.key == use.name for error in unit_errors(entry, kind)]
        refuse(
            [FieldError("kind", f"{use.job.key} uses this sink with {each.field}: {each.message}") for each in errors]
        )


def _refuse_used(sink: Sink) -> None:
    told = list(Rule.objects.filter(sink=sink).order_by("name").values_list("name", flat=True)[:5])
    if told:
        message = f"the rules {', '.join(told)} tell through it: give them another sink first"
        raise ConflictError(f"the sink {sink.name} is in use: {message}")
    keys = list(dict.fromkeys(use.job.key for use in _uses(sink)[:6]))
    if keys:
        named = ", ".join(keys[:5]) + (" and more" if len(keys) > 5 else "")
        raise ConflictError(f"the sink {sink.name} is used by {named}: take it out of their sinks first")


def _uses(sink: Sink) -> list[Use]:
    rows: Iterable[Use] = Use.objects.filter(sink=sink).select_related("job").order_by("job__type", "job__name")
    return list(rows)


def _document(sink: Sink) -> dict[str, Any]:
    return {name: getattr(sink, name) for name in SinkDocument.model_fields}


def _record(
    sink: Sink, kind: str, actor: str, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> None:
    data = {"sink": sink.name, "kind": sink.kind, "version": sink.version}
    Event.objects.create(workspace_id=sink.workspace_id, job_id=sink.job_id, kind=kind, actor=actor, data=data)
    audit.record(
        workspace_id=sink.workspace_id, action=kind, target=f"sink {sink.name}", before=before, after=after, actor=actor
    )
