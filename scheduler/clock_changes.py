"""What the coming changes of the clocks do to a schedule: where it is silent, moved, or doubled."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from jobs.errors import ValidationError
from scheduler.definition import Definition
from scheduler.neighbours import last_before
from scheduler.phrases import clock_words, day_words
from scheduler.triggers.wall_clock import Transition, transitions
from scheduler.triggers.words import count_of, listed

AHEAD = dt.timedelta(days=366)
MOST_COMPARED = 200
"""Fire times of one trigger within one window. What fires more often than that has no hour of its own to lose."""
_MOST_NAMED = 3
_TICK = dt.datetime.resolution
_NO_TIME = dt.timedelta(0)

Compile = Callable[[Mapping[str, Any]], Definition]
"""Makes a definition of a document, with the anchor and the seed of the schedule in question. Raises ValidationError."""


class Effect(StrEnum):
    """What a change of the clocks does to one trigger."""

    SILENT = "silent"
    """It does not fire, though on any other day it would have."""
    MOVED = "moved"
    """It fires at another time of the clock."""
    DOUBLED = "doubled"
    """It fires twice."""


@dataclass(frozen=True, slots=True)
class ClockWarning:
    """One trigger at one change of the clocks.

    ``at`` is the first instant after the change, ``trigger`` the place in the schedule's list. ``sentence`` has no full stop.
    """

    effect: Effect
    at: dt.datetime
    trigger: int
    sentence: str


@dataclass(frozen=True, slots=True)
class _Variants:
    """One trigger as it fires, and as it would under each rule: what is lost or doubled shows in the difference."""

    actual: Definition
    skipping_first: Definition
    shifting_first: Definition
    both: Definition


def clock_warnings(*, definition: Definition, compile_one: Compile, start: dt.datetime) -> list[ClockWarning]:
    """Find what the next year's changes of the clocks do to a schedule; in order of time, then of triggers.

    Triggers that fire at least as often as the clocks are moved by (each 5 minutes, each hour) lose and double nothing that anybody
    would notice, unless their rule silences them for that long.

    Args:
        definition: The schedule.
        compile_one: Compiles documents like the schedule's.
        start: Aware UTC: from here on.
    """
    changes = transitions(definition.zone, start, start + AHEAD)
    if not changes:
        return []
    variants = [(at, each) for at, each in _each_trigger(definition, compile_one)]
    found = (_warning(change, at, each, definition) for change in changes for at, each in variants)
    return [warning for warning in found if warning is not None]


def _each_trigger(definition: Definition, compile_one: Compile) -> Iterator[tuple[int, _Variants]]:
    document = definition.document.to_dict()
    document.pop("dst", None)
    own = {"dst": definition.document.dst.model_dump()} if definition.document.dst else {}
    for at, trigger in enumerate(document["triggers"]):
        if trigger["type"] == "job" or not trigger["enabled"]:
            continue
        alone = document | {"triggers": [trigger]}
        rules = (("skip", "first"), ("shift", "first"), ("shift", "both"))
        try:
            others = [compile_one(alone | {"dst": {"gap": gap, "overlap": overlap}}) for gap, overlap in rules]
            yield at, _Variants(compile_one(alone | own), *others)
        except ValidationError:
            continue  # A single time, in a gap that the schedule's rule does not skip: it fires.


def _warning(change: Transition, at: int, variants: _Variants, definition: Definition) -> ClockWarning | None:
    told = _gap(change, variants) if change.after > change.before else _overlap(change, variants)
    if told is None:
        return None
    effect, words = told
    day = day_words(change.instant.astimezone(definition.zone).date())
    return ClockWarning(effect, change.instant, at, f"on {day} {words}")


def _gap(change: Transition, variants: _Variants) -> tuple[Effect, str] | None:
    """Wall times that are lost, and that no other fire of the trigger stands for."""
    zone = variants.actual.zone
    end = change.instant + (change.after - change.before)
    lost = _within(variants.shifting_first, change.instant, end) - _within(variants.skipping_first, change.instant, end)
    if not lost:
        return None
    walls = _walls([instant + change.before for instant in sorted(lost)])
    missing = f"{walls} {'does' if len(lost) == 1 else 'do'} not exist in {zone}"
    extra = _within(variants.actual, change.instant, end) - _within(variants.skipping_first, change.instant, end)
    if not extra:
        return Effect.SILENT, f"this does not fire: {missing}"
    moved = listed(_few([clock_words(instant, zone) for instant in sorted(extra)]))
    return Effect.MOVED, f"this fires at {moved}: {missing}"


def _overlap(change: Transition, variants: _Variants) -> tuple[Effect, str] | None:
    """Wall times that come twice: both fire though one would do, or one does not though the trigger fires that often."""
    zone, length = variants.actual.zone, change.before - change.after
    begin, end = change.instant - length, change.instant + length
    first, second = (_within(variants.both, *span) for span in ((begin, change.instant), (change.instant, end)))
    repeated = {instant for instant in second if instant - length in first}
    if not repeated:
        return None
    actual = _within(variants.actual, begin, change.instant) | _within(variants.actual, change.instant, end)
    walls = _walls([instant + change.after for instant in sorted(repeated)])
    often = _is_often(variants.both, change.instant, length)
    doubled = {instant for instant in repeated if {instant, instant - length} <= actual}
    if doubled and not often:
        return Effect.DOUBLED, f"this fires twice at {walls}: the clocks in {zone} go back over it"
    if often and not doubled:
        span = f"from {clock_words(begin, zone)} to {clock_words(end, zone)}"
        return (
            Effect.SILENT,
            f"this fires in one of two passes only: the clocks in {zone} show the time {span} twice",
        )
    return None


def _is_often(definition: Definition, change: dt.datetime, length: dt.timedelta) -> bool:
    """Whether the trigger goes on after the repeated time within the time by which the clocks are moved."""
    last = last_before(definition, change + length, not_before=change)
    following = last and next(definition.union.occurrences(last.instant), None)
    return last is not None and following is not None and following.instant - last.instant <= length


def _within(definition: Definition, start: dt.datetime, end: dt.datetime) -> set[dt.datetime]:
    """The fires from an instant on and before another, less what is excluded."""
    occurrences = itertools.takewhile(lambda each: each.instant < end, definition.union.occurrences(start - _TICK))
    return {each.instant for each in itertools.islice(occurrences, MOST_COMPARED) if each.excluded is None}


def _walls(moments: list[dt.datetime]) -> str:
    """Such as: 02:30, or: 02:00, 02:15 and 3 others. (The instants are already moved to what the clock shows, in UTC.)"""
    return listed(_few([clock_words(moment, ZoneInfo("UTC")) for moment in moments]))


def _few(words: list[str]) -> list[str]:
    if len(words) <= _MOST_NAMED + 1:
        return words
    return [*words[:_MOST_NAMED], count_of(len(words) - _MOST_NAMED, "other")]
