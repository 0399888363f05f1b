"""The JSON of sinks and deliveries; docs/reference/api.md shows each."""

from __future__ import annotations

from typing import Any

from jobs.models import Operation
from sinks.models import Check, Delivery, FailedDelivery, Rule
from sinks.rules import read_rule
from sinks.selectors.deliveries import sink_named
from sinks.selectors.notices import NoticeView
from sinks.selectors.sinks import SinkView
from sinks.services.redelivering import REASONS, Again

READ_ONLY = ("version", "created_at", "updated_at", "jobs", "standing", "origin")
"""What a sink's JSON has beyond its document."""
READ_ONLY_OF_RULES = ("version", "created_at", "updated_at", "origin")
"""What a rule's JSON has beyond its document."""
DELIVERY = (
    "id",
    "key",
    "run",
    "job",
    "rule",
    "sink",
    "state",
    "first_position",
    "last_position",
    "payloads",
    "attempts",
    "attempted_at",
    "due_at",
    "created_at",
    "ended_at",
    "bytes",
    "sha256",
    "receipt",
    "error",
)
"""The fields of a delivery: what ``fields`` may name. A test holds it to what is written below."""


def sink_json(view: SinkView) -> dict[str, Any]:
    """A named sink: its document, and how it stands with it."""
    sink = view.sink
    return {
        "name": sink.name,
        "kind": sink.kind,
        "configuration": sink.configuration,
        "description": sink.description,
        "version": sink.version,
        "created_at": sink.created_at,
        "updated_at": sink.updated_at,
        "jobs": view.jobs,
        "standing": standing_json(view),
    }


def standing_json(view: SinkView) -> dict[str, Any]:
    """Whether a sink takes anything, and what it is owed: counted up to 10,000."""
    standing = view.standing
    return {
        "state": view.state,
        "failures": standing.failures,
        "resting_until": standing.retry_at if view.state == "resting" else None,
        "disabled_at": standing.disabled_at,
        "disabled_reason": standing.disabled_reason or None,
        "worker": standing.worker if view.state == "delivering" else None,
        "due": view.due,
        "dead": view.dead,
    }


def job_sink_json(name: str, view: SinkView) -> dict[str, Any]:
    """An entry of a job's sinks: the named sink that it means, if it means one, and how it stands with it."""
    sink = view.sink
    named = sink.name if sink.job_id is None else None
    return {"name": name, "sink": named, "kind": sink.kind, "standing": standing_json(view)}


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery, without its attempts."""
    return {
        "id": delivery.pk,
        "key": f"dlv_{delivery.pk}",
        "run": delivery.run_id,
        "job": delivery.handover.run.job_key if delivery.handover else None,
        "rule": delivery.rule.name if delivery.rule else None,
        "sink": sink_named(delivery),
        "state": delivery.state,
        "first_position": delivery.first_position,
        "last_position": delivery.last_position,
        "payloads": delivery.payloads,
        "attempts": delivery.attempts,
        "attempted_at": delivery.attempted_at,
        "due_at": delivery.due_at,
        "created_at": delivery.created_at,
        "ended_at": delivery.ended_at,
        "bytes": delivery.bytes,
        "sha256": delivery.sha256 or None,
        "receipt": delivery.receipt,
        "error": delivery.error,
    }


def rule_json(rule: Rule) -> dict[str, Any]:
    """A rule: its document, with what was left out."""
    return {
        **read_rule(rule.document).model_dump(mode="json"),
        "version": rule.version,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
    }


def notice_json(view: NoticeView) -> dict[str, Any]:
    """A notice: what is told, and what became of it."""
    notice = view.notice
    return {
        "id": notice.pk,
        **notice.document,
        "state": view.state,
        "created_at": notice.created_at,
        "send_at": notice.send_at,
        "delivery": notice.delivery_id,
    }


def again_json(again: Again) -> dict[str, Any]:
    """What became of a wish to deliver many again."""
    skipped = [{"id": each, "reason": why, "message": REASONS[why]} for each, why in again.skipped.items()]
    action = None if again.action is None else again.action.pk
    return {"redelivered": again.made, "skipped_count": again.left, "skipped": skipped, "action": action}


def attempt_json(attempt: FailedDelivery) -> dict[str, Any]:
    """An attempt that failed or was lost."""
    return {
        "number": attempt.number,
        "error": attempt.error,
        "worker": attempt.worker,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
    }


def check_json(check: Check, state: str) -> dict[str, Any]:
    """What was asked about a sink, and the answer."""
    operation: Operation = check
    return {
        "id": check.pk,
        "sink": check.name,
        "kind": check.kind,
        "state": state,
        "result": operation.result,
        "error": operation.error,
        "actor": operation.actor,
        "created_at": operation.created_at,
        "ended_at": operation.ended_at,
    }
