"""All triggers of a schedule as one: their union without doubles, within its bounds, less its exclusions."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.triggers.base import Trigger
from scheduler.triggers.exclusions import Exclusions

_TICK = dt.datetime.resolution
_NONE_EXCLUDED = Exclusions()
MOST_SKIPPED = 2000
"""Excluded stretches that one search passes: more than five years of days, in well under a second."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One fire time of a schedule."""

    instant: dt.datetime
    triggers: tuple[int, ...]
    """Which triggers said so, by their place in the union, in order."""
    excluded: str | None
    """Why it does not fire; None when it does."""


@dataclass(frozen=True, slots=True)
class Search:
    """What came of looking for the next fire."""

    instant: dt.datetime | None
    """The next fire; None when there is none, or when the search was given up."""
    given_up_at: dt.datetime | None = None
    """The last excluded fire time looked at, when the search was given up: there may be fires after it. None when it was not."""
    reason: str | None = None
    """Why that one is excluded."""


@dataclass(frozen=True, slots=True)
class Union:
    """The instants of any of the triggers, each once, from ``start`` to ``end``, both included."""

    triggers: tuple[Trigger, ...]
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    exclusions: Exclusions = _NONE_EXCLUDED

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The next fire strictly after an aware instant.

        None when there is none, and when the next `MOST_SKIPPED` stretches of fire times are all excluded; `search` tells which.
        """
        return self.search(instant).instant

    def search(self, instant: dt.datetime) -> Search:
        """Look for the next fire strictly after an aware instant, passing over what is excluded.

        An exclusion is passed as a whole, however many fire times it holds. All fire times of a schedule may be excluded, and no
        search could ever find that out: so it ends after `MOST_SKIPPED` excluded stretches.
        """
        after, reason = instant, None
        for _ in range(MOST_SKIPPED):
            found = self._next_of_any(after)
            if found is None:
                return Search(None)
            reason = self.exclusions.reason(found)
            if reason is None:
                return Search(found)
            after = max(found, self.exclusions.until(found) - _TICK)
        return Search(None, given_up_at=found, reason=reason)

    def occurrences(self, after: dt.datetime) -> Iterator[Occurrence]:
        """All fire times strictly after an aware instant in order, also those that are excluded, with the reason.

        Lazy, and endless when the schedule is: take what is needed. Each trigger is asked for one time beyond those taken.
        """
        heads: list[tuple[dt.datetime, int]] = []
        for at in range(len(self.triggers)):
            self._push(heads, at, after)
        while heads:
            instant, due = heads[0][0], []
            while heads and heads[0][0] == instant:
                due.append(heapq.heappop(heads)[1])
            yield Occurrence(instant, tuple(due), self.exclusions.reason(instant))
            for at in due:
                self._push(heads, at, instant)

    def describe(self) -> str:
        """The triggers' own descriptions, one after the other."""
        return "; ".join(trigger.describe() for trigger in self.triggers) or "Never"

    def _push(self, heads: list[tuple[dt.datetime, int]], at: int, after: dt.datetime) -> None:
        if found := self._next_of(self.triggers[at], after):
            heapq.heappush(heads, (found, at))

    def _next_of_any(self, after: dt.datetime) -> dt.datetime | None:
        return min(filter(None, (self._next_of(trigger, after) for trigger in self.triggers)), default=None)

    def _next_of(self, trigger: Trigger, after: dt.datetime) -> dt.datetime | None:
        """A trigger's next time within the bounds."""
        if self.start is not None and after < self.start:
            after = self.start - _TICK
        found = trigger.next_after(after)
        return None if found is None or (self.end is not None and found > self.end) else found
