"""Which run a trigger means that was asked for before: by an idempotency key, or by its parameters (``unique_for``)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Case, When
from django.db.models.functions import Now

from jobs import strict_json
from jobs.documents.requests import MAX_IDEMPOTENCY_KEY
from jobs.durations import parse_ms
from jobs.errors import ConflictError, FieldError, KeyReusedError, ValidationError
from jobs.models import Job, Run
from jobs.states import RunState


def digest_of(parameters: Mapping[str, Any]) -> str:
    """By which runs with the same parameters are known: SHA-256 of their canonical JSON, in hexadecimal."""
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_key(key: str) -> None:
    """Refuse what is no idempotency key. Raises ValidationError."""
    problems = strict_json.problems(key)
    if problems or len(key) > MAX_IDEMPOTENCY_KEY or not key.strip():
        message = (
            problems[0].message if problems else f"expected 1 to {MAX_IDEMPOTENCY_KEY} characters, not only spaces"
        )
        raise ValidationError([FieldError("idempotency_key", message)])


def run_with_key(*, job: Job, key: str, parameters: Mapping[str, Any]) -> int | None:
    """The id of the job's run that was asked for with this key; None when there is none yet.

    Raises:
        KeyReusedError: That run has other parameters.
    """
    present = Run.objects.filter(job=job, idempotency_key=key).only("id", "parameters").first()
    if present is None:
        return None
    if present.parameters != json.loads(json.dumps(dict(parameters))):
        message = f"the idempotency key {key!r} was used for run {present.pk} with other parameters"
        raise KeyReusedError(f"{message}: a run with these takes a key of its own")
    return present.pk


def run_alike(*, job: Job, rule: Mapping[str, Any], parameters: Mapping[str, Any]) -> int | None:
    """The newest run of a job with these parameters that a new one would repeat, within a transaction that has locked the job.

    A run that was cancelled has not done what is asked for, and does not count.

    Args:
        job: Whose.
        rule: The job's ``unique_for``.
        parameters: Of the run that is asked for.

    Returns:
        The run's id, for a job that wants it joined; None when there is no such run.

    Raises:
        ConflictError: There is one, and the job wants another refused.
    """
    period = dt.timedelta(milliseconds=parse_ms(rule["period"]))
    runs = Run.objects.filter(job=job, digest=digest_of(parameters))
    runs = runs.exclude(state__in=(RunState.CANCELLED, RunState.CANCELLING))
    # The newest by the index, and only then its age: asked for those of the period, it would read all that are older.
    fresh = Case(When(created_at__gt=Now() - period, then=True), default=False)
    newest = runs.annotate(fresh=fresh).order_by("-pk").values_list("pk", "fresh").first()
    if newest is None or not newest[1]:
        return None
    alike: int = newest[0]
    if rule.get("on_conflict") == "join":
        return alike
    message = f"run {alike} of {job.key} has the same parameters and is not {rule['period']} old"
    raise ConflictError(f"{message}: the job's unique_for refuses a second one")
