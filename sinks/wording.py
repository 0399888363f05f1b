"""Notices in words: what is sent of them, JSON-ready, and one text for several."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sinks.base import JSON, Telling
from sinks.telling import RECOVERED, WORDS, Told

DIGEST = "digest"
"""The event of several notices that are not all of one."""
_SHOWN_IN_FULL = 50
"""So many notices of a digest stand in its text; the others are counted."""


def document_of(told: Told, *, rule: str, link: str | None) -> dict[str, JSON]:
    """A notice as it is kept and sent; times in ISO-8601.

    Args:
        told: What a rule tells.
        rule: Its name.
        link: A page about it, if there is one.
    """
    about, since = told.happening, told.since
    subject = _SUBJECTS[told.event](told)
    sentences = [_TEXTS[told.event](told), about.error and f"Reason: {about.error}", _kept_back(told), link or ""]
    return {
        "event": told.event,
        "rule": rule,
        "job": about.job,
        "run": about.run,
        "schedule": about.schedule,
        "at": about.at.isoformat(),
        "since": since and since.isoformat(),
        "in_a_row": told.in_a_row,
        "count": about.count,
        "kept_back": told.before,
        "error": about.error or None,
        "link": link,
        "subject": subject,
        "text": "\n".join(sentence for sentence in sentences if sentence),
    }


def telling_of(documents: Sequence[Mapping[str, Any]]) -> Telling:
    """What is said of all these notices together: at least one, and all of one rule."""
    rule = str(documents[0]["rule"])
    if len(documents) == 1:
        one = documents[0]
        return Telling(rule=rule, event=str(one["event"]), subject=str(one["subject"]), text=str(one["text"]))
    events = Counter(str(each["event"]) for each in documents)
    counts = ", ".join(f"{number} {WORDS[event]}" for event, number in events.most_common())
    texts = [str(each["text"]) for each in documents[:_SHOWN_IN_FULL]]
    if len(documents) > _SHOWN_IN_FULL:
        texts.append(f"And {len(documents) - _SHOWN_IN_FULL} more.")
    event = next(iter(events)) if len(events) == 1 else DIGEST
    return Telling(rule=rule, event=event, subject=f"{len(documents)} notices: {counts}", text="\n\n".join(texts))


def _kept_back(told: Told) -> str:
    return f"{_times(told.before, 'notice')} like this one kept back since the last." if told.before else ""


def _times(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _instant(at: dt.datetime | None) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if at is not None else "an unknown time"


def _row(told: Told) -> str:
    return f", {told.in_a_row} runs in a row" if told.in_a_row > 1 else ""


def _failed(told: Told) -> str:
    first = f", the {_ordinal(told.in_a_row)} in a row since {_instant(told.since)}" if told.in_a_row > 1 else ""
    return f"Run {told.happening.run} of {told.happening.job} failed at {_instant(told.happening.at)}{first}."


def _recovered(told: Told) -> str:
    failures = _times(told.in_a_row, "failure")
    about = told.happening
    return f"Run {about.run} of {about.job} succeeded at {_instant(about.at)}, after {failures} since {_instant(told.since)}."


def _late(told: Told) -> str:
    about = told.happening
    if about.schedule is not None:
        return f"The schedule {about.schedule} of {about.job} owes a run since {_instant(told.since)}, and no beat has started it."
    if about.count > 1:
        waits = f"the first, run {about.run}, waits since {_instant(told.since)}"
        return f"{about.count:,} runs of {about.job} have not begun; {waits}."
    return f"Run {about.run} of {about.job} has not begun; it waits since {_instant(told.since)}."


def _stuck(told: Told) -> str:
    about = told.happening
    return (
        f"Run {about.run} of {about.job}, which began at {_instant(told.since)}, has not ended by {_instant(about.at)}."
    )


def _missed(told: Told) -> str:
    about = told.happening
    times = "a fire time" if about.count == 1 else f"{about.count:,} fire times, the first"
    return f"The schedule {about.schedule} of {about.job} has missed {times} at {_instant(told.since)}."


def _expired(told: Told) -> str:
    return f"Run {told.happening.run} of {told.happening.job} was cancelled: it was not begun in time."


def _paused(told: Told) -> str:
    about = told.happening
    what = f"The schedule {about.schedule} of {about.job}" if about.schedule else about.job
    return f"{what} was paused at {_instant(about.at)}. Nothing of it starts until it is resumed."


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_SUBJECTS = {
    "run.failed": lambda told: f"{told.happening.job} failed{_row(told)}",
    RECOVERED: lambda told: f"{told.happening.job} recovered after {_times(told.in_a_row, 'failure')}",
    "run.late": lambda told: f"{told.happening.job} is late",
    "run.stuck": lambda told: f"{told.happening.job} is stuck",
    "run.expired": lambda told: f"{told.happening.job} missed a run",
    "schedule.late": lambda told: f"{told.happening.job} is late",
    "schedule.missed": lambda told: f"{told.happening.job} missed {_times(told.happening.count, 'run')}",
    "schedule.paused": lambda told: f"{told.happening.job}: the schedule {told.happening.schedule} was paused",
    "job.paused": lambda told: f"{told.happening.job} was paused",
}
_TEXTS = {
    "run.failed": _failed,
    RECOVERED: _recovered,
    "run.late": _late,
    "run.stuck": _stuck,
    "run.expired": _expired,
    "schedule.late": _late,
    "schedule.missed": _missed,
    "schedule.paused": _paused,
    "job.paused": _paused,
}
