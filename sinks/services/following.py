"""Keeping sinks what their job's document says: called within the transaction that writes the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models.functions import Now

from jobs.errors import FieldError, ValidationError
from jobs.models import Job
from sinks import registry
from sinks.documents import SinkEntry, read_entry, unit_errors
from sinks.models import Sink, Standing, Use


def follow(job: Job, _actor: str) -> None:
    """Make the rows what the job's document says. The caller's transaction holds the job's row.

    Raises:
        ValidationError: An entry names a sink that the workspace does not have, or that cannot take what it shall deliver.
    """
    entries = {entry.key: (place, entry) for place, entry in enumerate(map(read_entry, job.sinks))}
    if not entries and not Use.objects.filter(job=job).exists():
        return
    meant = {name: _sink_of(job, place, entry) for name, (place, entry) in entries.items()}
    Use.objects.filter(job=job).exclude(name__in=meant).delete()
    for name, sink in meant.items():
        Use.objects.update_or_create(job=job, name=name, defaults={"sink": sink})
    Sink.objects.filter(job=job).exclude(pk__in=[sink.pk for sink in meant.values()]).delete()


def _sink_of(job: Job, place: int, entry: SinkEntry) -> Sink:
    if entry.sink is None:
        return _own(job, entry.key, entry.kind or "", entry.configuration or {})
    found = Sink.objects.select_for_update(no_key=True).filter(
        workspace_id=job.workspace_id, job__isnull=True, name=entry.sink
    )
    sink = found.first()
    if sink is None:
        message = f"the workspace has no sink named {entry.sink!r}: create it first"
        raise ValidationError([FieldError(f"sinks.{place}.sink", message)])
    kind = registry.get(sink.kind)
    if kind is not None and (errors := unit_errors(entry, kind)):
        raise ValidationError([FieldError(f"sinks.{place}.{each.field}", each.message) for each in errors])
    return sink


def _own(job: Job, name: str, kind: str, configuration: Mapping[str, Any]) -> Sink:
    """The row of an entry that is a sink of its own. One whose kind or configuration changed is tried again at once."""
    sink = Sink.objects.filter(job=job, name=name).first()
    if sink is None:
        sink = Sink.objects.create(
            workspace_id=job.workspace_id, job=job, name=name, kind=kind, configuration=configuration
        )
        Standing.objects.create(sink=sink)
    elif (sink.kind, sink.configuration) != (kind, configuration):
        change(sink, kind=kind, configuration=configuration)
    return sink


def change(sink: Sink, *, kind: str, configuration: Mapping[str, Any]) -> None:
    """Write a sink's kind and configuration, and give it another chance: what was wrong with it may be mended."""
    sink.kind, sink.configuration = kind, dict(configuration)
    sink.version += 1
    Sink.objects.filter(pk=sink.pk).update(
        kind=kind, configuration=configuration, version=sink.version, updated_at=Now()
    )
    Standing.objects.filter(sink=sink).update(
        version=sink.version, failures=0, rests=0, retry_at=None, disabled_at=None, disabled_reason=""
    )
