"""Keeping sinks what their job's document says: called within the transaction that writes the job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models.functions import Now

from jobs.errors import FieldError, ValidationError
from jobs.models import Job
from sinks import registry
from sinks.documents import SinkEntry, read_entry, unit_errors
from sinks.models import Sink, Standing, Use

_LOCK_NAMED = """
    SELECT * FROM sinks_sink WHERE workspace_id = %s AND job_id IS NULL AND name = ANY (%s) ORDER BY id FOR SHARE
"""


def follow(job: Job, _actor: str) -> None:
    """Make the rows what the job's document says. The caller's transaction holds the job's row.

    Raises:
        ValidationError: An entry names a sink that the workspace does not have, or that cannot take what it shall deliver.
    """
    entries = {entry.key: (place, entry) for place, entry in enumerate(map(read_entry, job.sinks))}
    if not entries and not Use.objects.filter(job=job).exists():
        return
    named = _lock_named(job.workspace_id, {entry.sink for _, entry in entries.values() if entry.sink is not None})
    meant = {name: _sink_of(job, place, entry, named) for name, (place, entry) in entries.items()}
    Use.objects.filter(job=job).exclude(name__in=meant).delete()
    for name, sink in meant.items():
        Use.objects.update_or_create(job=job, name=name, defaults={"sink": sink})
    Sink.objects.filter(job=job).exclude(pk__in=[sink.pk for sink in meant.values()]).delete()


def _lock_named(workspace_id: int, names: Collection[str]) -> dict[str, Sink]:
    """The workspace's sinks of these names, which are neither changed nor deleted until the job is written.

    Jobs that name the same sinks do not wait for each other, and who does wait, for a sink that is being changed, cannot come to
    wait in a circle: all of them are locked in one order, whatever order their jobs name them in.
    """
    if not names:
        return {}
    rows = Sink.objects.raw(_LOCK_NAMED, [workspace_id, sorted(names)])
    return {sink.name: sink for sink in rows}


def _sink_of(job: Job, place: int, entry: SinkEntry, named: Mapping[str, Sink]) -> Sink:
    if entry.sink is None:
        return _own(job, entry.key, entry.kind or "", entry.configuration or {})
    sink = named.get(entry.sink)
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
