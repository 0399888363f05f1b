"""What a rule makes of what happens: pure decisions. Who counts, when something is told, and when it is kept back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sinks.rules import RuleDocument

SUCCEEDED, FAILED, RECOVERED = "run.succeeded", "run.failed", "run.recovered"
WORDS = {
    FAILED: "failed",
    RECOVERED: "recovered",
    "run.late": "late",
    "run.stuck": "stuck",
    "run.expired": "missed",
    "schedule.late": "late",
    "schedule.missed": "missed",
    "schedule.paused": "paused",
    "job.paused": "paused",
}
"""By what happened, the word with which a rule asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to a job.

    Args:
        event: One of `WORDS`, or that a run succeeded.
        key: Of no other happening: what has been told under it is not told again.
        job_id: Whose it is.
        job: Its key.
        at: When it happened, or was seen.
        run: The run; the first one where it is about several.
        schedule: The schedule's name.
        since: Since when it is so.
        count: About how many runs or fire times it is.
        error: The first words of why, without secrets.
        until: Of late runs, the last one that it is about.
    """

    event: str
    key: str
    job_id: int
    job: str
    at: dt.datetime
    run: int | None = None
    schedule: str | None = None
    since: dt.datetime | None = None
    count: int = 1
    error: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """When something was last told, and how often it has been kept back since."""

    at: dt.datetime
    hushed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a rule knows of one job.

    Args:
        failures: Runs that failed in a row.
        failing_since: When the first of them ended.
        told: Whether any of these failures was told: only then is the recovery.
        last: By word.
        late_until: The last run that was told to be late.
    """

    failures: int = 0
    failing_since: dt.datetime | None = None
    told: bool = False
    last: Mapping[str, Last] = field(default_factory=dict)
    late_until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice to be. ``hushed``: it is kept back; ``before``: how many were, since the last that was told."""

    event: str
    happening: Happening
    in_a_row: int = 0
    since: dt.datetime | None = None
    hushed: bool = False
    before: int = 0

    @property
    def key(self) -> str:
        """What it is known by within its rule."""
        return self.happening.key if self.event != RECOVERED else f"{RECOVERED}:{self.happening.run}"


def tell(rule: RuleDocument, watched: Watched, happening: Happening) -> tuple[Watched, Told | None]:
    """What a rule knows after something happened to a job that it is about, and what it tells of it."""
    if happening.event == SUCCEEDED:
        return _recover(rule, watched, happening)
    if happening.event == FAILED:
        return _fail(rule, watched, happening)
    if WORDS.get(happening.event) not in rule.events:
        return watched, None
    if happening.until is not None:
        watched = replace(watched, late_until=max(watched.late_until, happening.until))
    return _unless_quiet(rule, watched, Told(event=happening.event, happening=happening, since=happening.since))


def _fail(rule: RuleDocument, watched: Watched, happening: Happening) -> tuple[Watched, Told | None]:
    if "failed" not in rule.events:
        return watched, None
    since = watched.failing_since or happening.at
    watched = replace(watched, failures=watched.failures + 1, failing_since=since)
    if watched.failures % rule.in_a_row:
        return watched, None
    told = Told(event=FAILED, happening=happening, in_a_row=watched.failures, since=since)
    watched, told = _unless_quiet(rule, watched, told)
    return (watched if told.hushed else replace(watched, told=True)), told


def _recover(rule: RuleDocument, watched: Watched, happening: Happening) -> tuple[Watched, Told | None]:
    if not watched.failures:
        return watched, None
    well = replace(watched, failures=0, failing_since=None, told=False)
    if not watched.told or "recovered" not in rule.events:
        return well, None
    since = watched.failing_since
    return well, Told(event=RECOVERED, happening=happening, in_a_row=watched.failures, since=since)


def _unless_quiet(rule: RuleDocument, watched: Watched, told: Told) -> tuple[Watched, Told]:
    word, at = WORDS[told.event], told.happening.at
    last = watched.last.get(word)
    if last is not None and rule.quiet_for is not None and at - last.at < rule.quiet_for:
        kept = replace(last, hushed=last.hushed + 1)
        return replace(watched, last={**watched.last, word: kept}), replace(told, hushed=True)
    heard = replace(watched, last={**watched.last, word: Last(at=at)})
    return heard, replace(told, before=last.hushed if last else 0)
