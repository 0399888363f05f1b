"""Payloads that are added to a run that has begun: as in a job's list, and each may have a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import Field

from jobs import kinds
from jobs.documents.basis import Strict, refuse, validated
from jobs.documents.job import PayloadItem, payload_errors
from jobs.errors import FieldError

MAX_ADDED_AT_ONCE = 100_000
"""The run's row is locked while they are inserted, for a second or so; who has more says them in several calls."""
MAX_KEY = 200


class AddedPayload(PayloadItem):
    """A payload for a run. One whose key the run has already is left out."""

    key: str | None = Field(default=None, min_length=1, max_length=MAX_KEY)


class _Additions(Strict):
    payload: list[AddedPayload] = Field(max_length=MAX_ADDED_AT_ONCE)


def parse_additions(
    items: object, *, job_type: str, run_is_strict: bool, configuration: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Validate payloads that are to be added to a run, by the code that validates a job's own.

    Args:
        items: What was read from JSON: a list.
        job_type: Of the run's job.
        run_is_strict: Whether the run records each payload before its lane starts the next.
        configuration: The run's own, from its snapshot.

    Returns:
        The payloads as they are stored, in their order.

    Raises:
        ValidationError: As `parse_job` raises it; fields begin with ``payload.N``.
    """
    additions = validated(_Additions, {"payload": items}, "")
    batched = not run_is_strict and configuration.get("strict") is not False
    refuse(
        [
            *payload_errors(additions.payload, job_type=job_type),
            *(_unfit_for_batches(additions.payload) if batched else ()),
        ]
    )
    written: list[dict[str, Any]] = additions.model_dump(mode="json", exclude_none=True)["payload"]
    return written


def _unfit_for_batches(items: Iterable[PayloadItem]) -> Iterator[FieldError]:
    """A run of batchable kinds records many payloads at once: a worker that dies would repeat calls that had been answered."""
    for place, item in enumerate(items):
        kind = kinds.get(item.kind)
        if kind is not None and not kind.batchable:
            yield FieldError(
                f"payload.{place}.kind",
                f"this run executes in batches, and payloads of kind {item.kind} must be recorded one by one: set"
                " configuration.strict of its job to true, and run it again",
            )
