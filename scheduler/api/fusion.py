"""``jobs/{key}/schedule/``: a job's schedule in Fusion's shape, one to a job.

It is the job's schedule named ``default``, or its only one. What Fusion has no word for stays in the document when it is written in
this shape, except for triggers: those are replaced as a whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.base import WorkspaceView
from jobs.api.described.operation import described
from jobs.api.pages import Query
from jobs.api.preconditions import etag, expecting
from jobs.documents.basis import validated
from jobs.errors import FieldError, NotFoundError, ValidationError
from jobs.models import Job, Scope
from jobs.selectors.jobs import find_job
from scheduler.api.described import fusion as on_fusion
from scheduler.api.fusion_documents import FusionSchedule, FusionTrigger
from scheduler.models import Schedule
from scheduler.selectors.schedules import readable
from scheduler.services.editing import DEFAULT_NAME, create_schedule, update_schedule

_RESULTS = {"runOnSuccess": "succeeded", "runOnFailure": "failed", "runOnAbort": "cancelled"}
_UNITS = ("minute", "hour", "day")
_LOST = "these have no type in this shape and would be lost: write the schedule at schedules/, or leave this out to remove them"


@described(get=on_fusion.GET, put=on_fusion.REPLACE)
class JobSchedule(WorkspaceView):
    """``jobs/{key}/schedule/``, of Fusion."""

    scopes = {"PUT": Scope.SCHEDULES}

    def get(self, request: Request, workspace: str, key: str) -> Response:
        """The job's schedule; a trigger that Fusion has no type for is named in ``otherTriggers``."""
        Query(request, paged=False)
        job = find_job(workspace=self.workspace, key=key)
        found = _the_one(job)
        if found is None:
            raise NotFoundError(
                f"{key} has no schedule named {DEFAULT_NAME}, and not one alone: look at its schedules/"
            )
        return _shown(found)

    def put(self, request: Request, workspace: str, key: str) -> Response:
        """Replace the triggers of the job's schedule, or give it one, if the job still has the version of If-Match (412)."""
        asked = validated(FusionSchedule, request.data, "expected an object with enabled and triggers")
        if asked.resource not in (None, key):
            raise ValidationError([FieldError("resource", f"expected {key}, as in the address")])
        if asked.otherTriggers:
            raise ValidationError([FieldError("otherTriggers", _LOST)])
        job = find_job(workspace=self.workspace, key=key)
        written = {"enabled": asked.enabled, "triggers": [_ours(at, each) for at, each in enumerate(asked.triggers)]}
        with expecting(request, what=key, version=job.version, written=None) as expected:
            saved = _written(job, written, actor=self.actor, expected_version=expected)
        return _shown(saved)


def schedule_json(key: str, document: Mapping[str, Any], *, anchor: dt.datetime) -> dict[str, Any]:
    """A schedule's document in Fusion's shape; ``anchor``: from where intervals count that have no start."""
    shown = [(trigger, _theirs(trigger, anchor)) for trigger in document["triggers"]]
    return {
        "resource": key,
        "enabled": document.get("enabled", True),
        "default": False,
        "triggers": [theirs for _, theirs in shown if theirs is not None],
        "otherTriggers": [trigger["type"] for trigger, theirs in shown if theirs is None],
    }


def _shown(schedule: Schedule) -> Response:
    document = schedule_json(schedule.job.key, schedule.document, anchor=schedule.anchor_at)
    return Response(document, headers={"ETag": etag(schedule.job)})


def _written(job: Job, parts: Mapping[str, Any], *, actor: str, expected_version: int | None) -> Schedule:
    found = _the_one(job)
    if found is None:
        whole = {"name": DEFAULT_NAME, **parts}
        return create_schedule(job=job, document=whole, actor=actor, expected_version=expected_version)
    return update_schedule(
        schedule=found,
        change=lambda document: {**document, **parts},
        actor=actor,
        expected_version=expected_version,
    )


def _the_one(job: Job) -> Schedule | None:
    found = list(readable(Schedule.objects.filter(job=job)).order_by("pk")[:1000])
    named = next((schedule for schedule in found if schedule.name == DEFAULT_NAME), None)
    return named or (found[0] if len(found) == 1 else None)


def _theirs(trigger: Mapping[str, Any], anchor: dt.datetime) -> dict[str, Any] | None:
    """None for what has no counterpart: other types, other units, several upstream jobs, a delay after them."""
    told = {"type": trigger["type"], "enabled": trigger.get("enabled", True)}
    if trigger["type"] == "cron":
        return told | {"expression": trigger["expression"]}
    if trigger["type"] == "interval" and trigger["unit"] in _UNITS:
        times = {"startTime": trigger.get("start") or anchor.isoformat(), "endTime": trigger.get("end")}
        known = {name: value for name, value in times.items() if value is not None}
        return told | known | {"interval": trigger["interval"], "repeatUnit": trigger["unit"]}
    plain = not (trigger.get("run_if") or trigger.get("delay"))
    if trigger["type"] == "job" and len(trigger["jobs"]) == 1 and plain:
        results = trigger.get("results") or ["succeeded"]
        return told | {"jobID": trigger["jobs"][0]} | {name: word in results for name, word in _RESULTS.items()}
    return None


def _ours(at: int, trigger: FusionTrigger) -> dict[str, Any]:
    ours: dict[str, Any] = {"type": trigger.type, "enabled": trigger.enabled}
    if trigger.type == "cron":
        return ours | {"expression": _needed(at, "expression", trigger.expression or trigger.value)}
    if trigger.type == "job":
        results = [word for name, word in _RESULTS.items() if getattr(trigger, name)]
        _needed(at, "runOnSuccess", results or None)
        return ours | {"jobs": [_needed(at, "jobID", trigger.jobID)], "results": results}
    times = {"start": _needed(at, "startTime", trigger.startTime), "end": trigger.endTime}
    period = {
        "interval": _needed(at, "interval", trigger.interval),
        "unit": _needed(at, "repeatUnit", trigger.repeatUnit),
    }
    return ours | period | {name: value for name, value in times.items() if value is not None}


def _needed(at: int, name: str, value: Any) -> Any:
    if value is None:
        what = "at least one of the three must be true" if name == "runOnSuccess" else "a trigger of this type needs it"
        raise ValidationError([FieldError(f"triggers.{at}.{name}", what)])
    return value
