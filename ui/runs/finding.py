"""The list of runs: which are asked for by its address."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from jobs.selectors.runs import RunFilter
from jobs.states import RunState, Trigger
from ui.finding import NoMatch, instant
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
    Filter("job", _("Job"), kind="search", hint="type:name", suggests="ui:job-keys"),
    Filter(
        "state",
        _("State"),
        choices=[(AT_WORK, _("at work")), (OVER, _("ended")), *((s.value, look(s).word) for s in RunState)],
    ),
    Filter("trigger", _("Started"), choices=list(TRIGGERS.items())),
    Filter("actor", _("By whom")),
    Filter("since", _("Since (UTC)"), kind="date"),
    Filter("until", _("Before (UTC)"), kind="date"),
)


def wanted(values: Mapping[str, str]) -> RunFilter:
    """What the values of `FILTERS` mean. Raises NoMatch."""
    state = values["state"]
    return RunFilter(
        job_key=values["job"] or None,
        state=_word(state, RunState) if state not in ("", AT_WORK, OVER) else None,
        active={AT_WORK: True, OVER: False}.get(state),
        trigger=_word(values["trigger"], Trigger),
        actor=values["actor"] or None,
        since=instant(values["since"]),
        until=instant(values["until"]),
    )


def _word(text: str, words: type[RunState] | type[Trigger]) -> str | None:
    if text and text not in set(words):
        raise NoMatch
    return text or None
