"""The short lists of sinks and rules."""

from __future__ import annotations

from jobs.api.listing import CREATED, NAME, SEARCH, UPDATED, Listing, same
from sinks.api.described.shapes import ListedRule, ListedSink

_TIMES = CREATED | UPDATED
SINKS = Listing(ListedSink, NAME | _TIMES, [same("kind", "Only sinks of this kind."), SEARCH])
RULES = Listing(
    ListedRule, NAME | _TIMES, [same("sink", "Only rules that tell the sink of this name.", "sink__name"), SEARCH]
)
