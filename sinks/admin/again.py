"""What people are told of deliveries that shall be made again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.contrib import messages

from sinks.models import Delivery
from sinks.services.redelivering import REASONS, Again
from sinks.states import Skipped

MOST_NAMED = 10
"""Of the deliveries that are left alone, in one message."""


def told(found: Sequence[Again]) -> Iterator[tuple[int, str]]:
    """What was done, and then for each reason what was not: the levels and texts of messages."""
    made = sum(each.made for each in found)
    yield messages.SUCCESS if made else messages.WARNING, f"{made:,} of them will be delivered again."
    yield from not_made(found)


def not_made(found: Sequence[Again]) -> Iterator[tuple[int, str]]:
    """For each reason the first deliveries that were left alone for it."""
    reasons: dict[Skipped, list[int]] = {}
    for each in found:
        for delivery_id, why in each.skipped.items():
            reasons.setdefault(why, []).append(delivery_id)
    for why, ids in reasons.items():
        level = messages.WARNING if why is Skipped.DUE else messages.ERROR
        yield level, f"Not delivered again: {_named(ids)}: {REASONS[why]}."
    untold = sum(each.left - len(each.skipped) for each in found)
    if untold:
        yield messages.WARNING, f"{untold:,} more are left as they are."


def warning(delivery: Delivery) -> str:
    """What to consider before a delivery is made again."""
    if delivery.handover is not None and delivery.handover.run.results_erased_at is not None:
        return f"It cannot be made again: {REASONS[Skipped.ERASED]}. It stays as it is."
    return "It is made again under the id that it has. A sink that has it already may get it twice."


def _named(ids: list[int]) -> str:
    more = len(ids) - MOST_NAMED
    return ", ".join(map(str, ids[:MOST_NAMED])) + (f" and {more:,} more" if more > 0 else "")
