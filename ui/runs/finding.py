"""The list of runs: which are asked for by its address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from jobs.selectors.runs import RunFilter
from jobs.states import RunState, Trigger
from ui.listing import Filter
from ui.looks import look

AT_WORK, OVER = "at_work", "over"
"""Besides the states themselves: all that have not ended, and all that have."""

TRIGGERS: dict[str, object] = {
    Trigger.MANUAL: _("by hand"),
    Trigger.API: _("by API"),
    Trigger.SCHEDULE: _("by a schedule"),
    Trigger.JOB: _("after another job"),
    Trigger.RERUN: _("rerun"),
    Trigger.REPLAY: _("replay"),
}

FILTERS = (
    Filter("job", _("Job"), kind="search", hint="type:name"),
    Filter(
        "state",
        _("State"),
        choices=[(AT_WORK, _("at work")), (OVER, _("ended")), *((s.value, look(s).word) for s in RunState)],
    ),
    Filter("trigger", _("Started"), choices=list(TRIGGERS.items())),
    Filter("actor", _("By whom")),
    Filter("since", _("Since"), kind="date"),
    Filter("until", _("Before"), kind="date"),
)


class NoMatch(Exception):
    """No run can be meant by what the address says."""


def wanted(values: Mapping[str, str]) -> RunFilter:
    """What the values of `FILTERS` mean. Raises NoMatch."""
    state = values["state"]
    return RunFilter(
        job_key=values["job"] or None,
        state=_word(state, RunState) if state not in ("", AT_WORK, OVER) else None,
        active={AT_WORK: True, OVER: False}.get(state),
        trigger=_word(values["trigger"], Trigger),
        actor=values["actor"] or None,
        since=_instant(values["since"]),
        until=_instant(values["until"]),
    )


def number(text: str) -> int | None:
    """An id in an address; None for none. Raises NoMatch for what is no id."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NoMatch
    return int(text)


def _word(text: str, words: type[RunState] | type[Trigger]) -> str | None:
    if text and text not in set(words):
        raise NoMatch
    return text or None


def _instant(text: str) -> dt.datetime | None:
    """A date, which is its first moment in UTC, or a time with its offset."""
    if not text:
        return None
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError as error:
        raise NoMatch from error
    if day is not None:
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    if moment is None or moment.tzinfo is None:
        raise NoMatch
    return moment
