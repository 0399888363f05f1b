"""The JSON of the API. One function a noun; docs/reference/api.md shows each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jobs.api import nouns
from jobs.models import (
    Attempt,
    BulkAction,
    DatasourceOperation,
    DatasourceState,
    Event,
    LogLine,
    Origin,
    RejectedRow,
    Run,
    StoredFile,
    TrialCall,
)
from jobs.selectors.chain import Chain
from jobs.selectors.comparing import Comparison
from jobs.selectors.groups import GroupView
from jobs.selectors.jobs import JobView
from jobs.selectors.payloads import PayloadView
from jobs.selectors.run_views import Counts, RunView
from jobs.states import JobState

READ_ONLY = (*(name for name in nouns.JOB_STANDING if name != "version"), "origin")
"""What a job's JSON has beyond its document and its version."""


def job_summary(view: JobView, *, include: Collection[str] = ()) -> dict[str, Any]:
    """A job in a list: without its payload, sinks and schedules, but for those that are asked for."""
    job = view.job
    return {
        "key": job.key,
        "description": job.description,
        "configuration": job.configuration,
        "tags": job.tags,
        "metadata": job.metadata,
        **{name: getattr(job, name) for name in nouns.JOB_REST if name in include},
        **_about(view),
    }


def job_json(view: JobView) -> dict[str, Any]:
    """A whole job: its document, and what the system knows about it."""
    return view.job.document() | _about(view)


def run_json(view: RunView) -> dict[str, Any]:
    """A run with its counts."""
    run = view.run
    return {
        "id": run.pk,
        "job": run.job_key,
        "state": run.state,
        "trigger": run.trigger,
        "scheduled_for": run.scheduled_for,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "counts": counts_json(view.counts),
        "error": run.error,
        "result": run.result,
        "results_erased_at": run.results_erased_at,
        "actor": run.actor,
        "comment": run.comment,
        "parameters": run.parameters,
        "pause": run.pause,
        "stop": run.stop,
        "origin": run.origin_id,
        "admitted": run.admitted,
        "group": run.group.name if run.group else None,
        "idempotency_key": run.idempotency_key,
        "expires_at": run.expires_at,
        "deadline_at": run.deadline_at,
        "pin": pin_json(run),
    }


def counts_json(counts: Counts) -> dict[str, int]:
    """How many payloads there are, and in which state."""
    return {
        "total": counts.total,
        "queued": counts.queued,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
    }


def pin_json(run: Run) -> dict[str, Any] | None:
    """Who keeps a run, when and why; None when it may grow old."""
    pin = getattr(run, "pin", None)  # A run without one has no such attribute.
    return None if pin is None else {"actor": pin.actor, "at": pin.at, "note": pin.note}


def run_brief(run: Run) -> dict[str, Any]:
    """A run beside another: what it is and how it went, without its counts."""
    return {
        "id": run.pk,
        "job": run.job_key,
        "state": run.state,
        "trigger": run.trigger,
        "scheduled_for": run.scheduled_for,
        "origin": run.origin_id,
        "actor": run.actor,
        "comment": run.comment,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


def chain_json(chain: Chain) -> dict[str, Any]:
    """The runs around a run: ``more`` names the lists that are longer than what is shown."""
    return {
        "run": run_brief(chain.run),
        "ancestors": [run_brief(run) for run in chain.ancestors],
        "started": [run_brief(run) for run in chain.started],
        "reruns": [run_brief(run) for run in chain.reruns],
        "replays": [run_brief(run) for run in chain.replays],
        "more": sorted(chain.more),
    }


def bulk_json(action: BulkAction) -> dict[str, Any]:
    """An action on many jobs or runs with its progress; it is over once ``ended_at`` is set."""
    return bulk_summary_json(action) | {"selection": action.selection, "problems": action.problems}


def bulk_summary_json(action: BulkAction) -> dict[str, Any]:
    """As lists show one: without the ids that were asked for, and what refused."""
    return {
        "id": action.pk,
        "action": action.action,
        "note": action.note,
        "actor": action.actor,
        "total": action.total,
        "changed": action.changed,
        "unchanged": action.unchanged,
        "created_at": action.created_at,
        "ended_at": action.ended_at,
    }


def origin_json(origin: Origin) -> dict[str, Any]:
    """An object that is kept in a file, and the file."""
    return {
        "kind": origin.kind,
        "name": origin.name,
        "source": origin.source,
        "path": origin.path,
        "digest": origin.digest,
        "applied_at": origin.applied_at,
        "applied_by": origin.applied_by,
    }


def group_json(view: GroupView) -> dict[str, Any]:
    """A concurrency group: its limits, and what uses it."""
    group = view.group
    return {
        "name": group.name,
        "limit": group.limit,
        "rate": group.rate,
        "version": group.version,
        "updated_at": group.updated_at,
        "jobs": view.jobs,
        "taken": view.taken,
    }


def payload_json(view: PayloadView) -> dict[str, Any]:
    """A payload of a run."""
    payload = view.payload
    known = {"parent": payload.parent, "key": payload.key, "stored_result": _stored(payload.stored)}
    return {
        "position": payload.position,
        "name": payload.name,
        "kind": payload.kind,
        "state": view.state,
        "attempts": view.attempts,
        "started_at": view.started_at,
        "ended_at": payload.ended_at,
        "result": payload.result,
        "error": payload.error,
        "parameters": payload.parameters,
        "due_at": view.due_at,
        "progress": view.progress,
        **{name: value for name, value in known.items() if value is not None},
    }


def _stored(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is told of a result that is not in the answer. Where it is stored is nobody's business."""
    return stored and {name: stored[name] for name in ("size_bytes", "sha256")}


def run_with_snapshot(view: RunView) -> dict[str, Any]:
    """A run with its job's document, less its payload list, as it was when the run was made."""
    return run_json(view) | {"snapshot": view.run.snapshot}


def payload_detail(view: PayloadView) -> dict[str, Any]:
    """A payload with its failed and lost attempts, the first first."""
    return payload_json(view) | {"failed_attempts": [attempt_json(attempt) for attempt in view.failed_attempts]}


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """An attempt that did not succeed."""
    return {
        "number": attempt.number,
        "state": attempt.state,
        "error": attempt.error,
        "worker": attempt.worker,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
    }


def attempt_of_run_json(attempt: Attempt) -> dict[str, Any]:
    """The same on its own: it says at which payload of which run it was."""
    return {"id": attempt.pk, "run": attempt.run_id, "position": attempt.position, **attempt_json(attempt)}


def file_json(file: StoredFile) -> dict[str, Any]:
    """A file that a payload has made; it lies under ``files/{position}/{name}/``."""
    return {
        "id": file.pk,
        "position": file.position,
        "attempt": file.attempt,
        "name": file.name,
        "media_type": file.media_type,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "created_at": file.created_at,
    }


def log_json(line: LogLine) -> dict[str, Any]:
    """A log line of a payload."""
    return {
        "id": line.pk,
        "position": line.position,
        "attempt": line.attempt,
        "level": line.level,
        "message": line.message,
        "at": line.at,
    }


def event_json(event: Event) -> dict[str, Any]:
    """An entry of a run's event log."""
    return {"id": event.pk, "kind": event.kind, "actor": event.actor, "data": event.data, "at": event.at}


def operation_json(operation: DatasourceOperation, state: str) -> dict[str, Any]:
    """What was asked about a datasource, and the answer."""
    return {
        "id": operation.pk,
        "operation": operation.verb,
        "datasource": operation.job_key.partition(":")[2] or None,
        "stream": operation.stream or None,
        "state": state,
        "result": operation.result,
        "error": operation.error,
        "actor": operation.actor,
        "created_at": operation.created_at,
        "ended_at": operation.ended_at,
    }


def trial_call_json(call: TrialCall, state: str) -> dict[str, Any]:
    """A call that was tried, and what came back."""
    return {
        "id": call.pk,
        "state": state,
        "result": call.result,
        "error": call.error,
        "actor": call.actor,
        "created_at": call.created_at,
        "ended_at": call.ended_at,
    }


def stream_json(state: DatasourceState) -> dict[str, Any]:
    """How far the loads of one payload of a datasource have come."""
    return {
        "stream": state.stream,
        "cursor": state.cursor,
        "loaded_at": state.loaded_at,
        "load_key": state.load_key or None,
    }


def rejected_json(row: RejectedRow) -> dict[str, Any]:
    """A row that a load left out."""
    return {"id": row.pk, "number": row.number, "reason": row.reason, "row": row.row}


def comparison_json(found: Comparison) -> dict[str, Any]:
    """A run beside another one."""
    return {
        "run": run_json(found.run),
        "before": run_json(found.before),
        "newly_failed": [each._asdict() for each in found.newly],
        "still_failed": [each._asdict() for each in found.still],
        "no_longer_failed": [each._asdict() for each in found.no_longer],
        "changed": found.changed,
        "cut": found.cut,
    }


def _about(view: JobView) -> dict[str, Any]:
    job = view.job
    return {
        "version": job.version,
        "state": job.state,
        "state_change": job.state_change,
        "resume_at": job.resume_at,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "last_run": run_json(view.last_run) if view.last_run else None,
        "next_run_at": view.beside.get("next_run_at") if job.state == JobState.ACTIVE else None,
    }
