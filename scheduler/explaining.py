"""Why a schedule did or did not run at a time, in a sentence: pure, from what is known of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduler.definition import Definition, Due
from scheduler.phrases import ended_words, moment_words, span
from scheduler.states import FireState, Reason, ScheduleState
from scheduler.triggers.words import listed

NO_BEAT = "no beat is running: start one with celery -A jobsproject beat"
BUSY_BEAT = "a beat is connected to the database, and hangs or has more to do than it can"
BUSY_AFTER = dt.timedelta(seconds=10)
"""A beat that is well is never so late."""
REASONS = {
    Reason.OVERLAP: "its former run had not ended",
    Reason.MISFIRE: "it came up late, and the schedule gives up what is late",
    Reason.CATCH_UP_WINDOW: "it came up later than the schedule catches up",
    Reason.EXCLUDED: "the schedule does not fire then",
    Reason.ASKED: "somebody had asked to skip it",
    Reason.JOB_INACTIVE: "its job was not active",
    Reason.PRINCIPAL_LOST: "who it acts as may run nothing any more",
    Reason.PAUSED: "the schedule was paused",
    Reason.LIMIT: "the schedule's limit was reached",
}


class Verdict(StrEnum):
    """What became of a fire time, or why there is none."""

    FIRED = "fired"
    SKIPPED = "skipped"
    WAITING = "waiting"
    BUFFERED = "buffered"
    PAUSED = "paused"
    """The schedule is paused, or was then."""
    NOT_ENABLED = "not_enabled"
    NOT_CREATED = "not_created"
    """The schedule did not exist yet."""
    NO_SUCH_TIME = "no_such_time"
    """It is no fire time of the schedule."""
    GAP = "gap"
    """The clock of the schedule's zone never shows that time."""
    NOT_DUE = "not_due"
    ENDED = "ended"
    LATE = "late"
    """It is due, and nobody has dealt with it."""
    OTHERWISE_THEN = "otherwise_then"
    """The schedule was changed since: it may have had no such fire time before."""
    UNKNOWN = "unknown"
    """No decision on it is kept."""
    BROKEN = "broken"
    """The schedule's document cannot be read."""


@dataclass(frozen=True, slots=True)
class RunFact:
    """A run as far as its end matters. ``state`` is None when it was erased."""

    id: int
    state: str | None = None
    created_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class EventFact:
    """Something that somebody did. ``actor`` is empty where nobody is known."""

    at: dt.datetime
    actor: str = ""
    note: str = ""
    kind: str = ""

    def words(self, zone: dt.tzinfo) -> str:
        """Such as: by ann on 21 November 2026 (disk full)."""
        local = self.at.astimezone(zone)
        by, why = (f"by {self.actor} " if self.actor else ""), (f" ({self.note})" if self.note else "")
        return f"{by}on {local.day} {local:%B} {local.year}, {local:%H:%M:%S}{why}"


@dataclass(frozen=True, slots=True)
class FireFact:
    """One decision on the fire time in question. ``upstream`` says which runs called for it, where some did."""

    state: str
    decided_at: dt.datetime
    cause: str = ""
    reason: str = ""
    detail: str = ""
    due_at: dt.datetime | None = None
    run: RunFact | None = None
    upstream: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a schedule, and of one of its fire times.

    Args:
        due: The fire time, if the schedule as it is now has it.
        fires: What was decided of it, the schedule's own decision first.
        held: The last time before it that the schedule was paused, if it was not resumed in between.
        changed: The first change of the schedule after it.
        asked_to_skip: Who asked to skip it.
        job_change: Who put the job into the state that it had when the fire time was decided on, or has now.
        active: The schedule's runs that have not ended, or that had not when the fire time was decided on.
        beat_lives: Whether any beat is running.
        principal_lost: Why it may not act as it does now, in words; empty while it may.
    """

    definition: Definition
    fire_at: dt.datetime
    now: dt.datetime
    state: str
    job_key: str
    job_state: str
    created_at: dt.datetime
    decided_until: dt.datetime
    actions_left: int | None = None
    is_to_skip: bool = False
    problem: str = ""
    due: Due | None = None
    fires: Sequence[FireFact] = ()
    held: EventFact | None = None
    changed: EventFact | None = None
    asked_to_skip: EventFact | None = None
    job_change: EventFact | None = None
    active: Sequence[RunFact] = ()
    beat_lives: bool = True
    principal_lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verdict and what follows after the fire time in the sentence."""

    verdict: Verdict
    words: str
    reason: str = ""
    run_id: int | None = None


def answer(facts: Facts) -> Answer:
    """Say what became of a fire time, or will."""
    if facts.fires:
        return _decided(facts)
    return _to_come(facts) if facts.now < _run_at(facts) else _undecided(facts)


def _run_at(facts: Facts) -> dt.datetime:
    return facts.due.run_at if facts.due else facts.fire_at


def _decided(facts: Facts) -> Answer:
    """By the first decision; what came of the others follows."""
    answers = [_one(fire, facts) for fire in facts.fires]
    words = "; ".join(each.words for each in answers)
    return Answer(verdict=answers[0].verdict, words=words, reason=answers[0].reason, run_id=answers[-1].run_id)


def _one(fire: FireFact, facts: Facts) -> Answer:
    match fire.state:
        case FireState.FIRED:
            return Answer(verdict=Verdict.FIRED, words=_fired(fire, facts), run_id=fire.run.id if fire.run else None)
        case FireState.SKIPPED:
            return Answer(verdict=Verdict.SKIPPED, words=_skipped(fire, facts), reason=fire.reason)
        case FireState.BUFFERED:
            return Answer(verdict=Verdict.BUFFERED, words=_buffered(facts))
    return Answer(verdict=Verdict.WAITING, words=_waiting(fire, facts))


def _fired(fire: FireFact, facts: Facts) -> str:
    assert fire.run is not None  # a fired one has its run
    begun = fire.run.created_at or fire.decided_at
    if fire.detail:
        return f"it was {fire.detail} {EventFact(begun).words(facts.definition.zone)}: {_outcome(fire.run, facts)}"
    calls = f"called for by {listed(fire.upstream)}, " if fire.upstream else ""
    due = fire.due_at or _run_at(facts)
    late = max(dt.timedelta(0), begun - due)
    jitter = due - facts.fire_at
    moved = f" (jitter had moved it by {span(jitter)})" if jitter and not fire.upstream else ""
    lateness = "" if fire.upstream else f", {span(late)} late{moved}"
    return f"{calls}it fired{lateness}: {_outcome(fire.run, facts)}"


def _outcome(run: RunFact, facts: Facts) -> str:
    if run.state is None:
        return f"run {run.id}, which was erased since"
    if run.ended_at is None:
        return f"run {run.id} is {run.state}"
    if run.started_at is None:
        return f"run {run.id} {ended_words(run.state)}"
    return f"run {run.id} {ended_words(run.state)} after {span(run.ended_at - run.started_at)}"


def _skipped(fire: FireFact, facts: Facts) -> str:
    if fire.reason == Reason.ASKED and facts.asked_to_skip:
        return f"it was skipped: asked for {facts.asked_to_skip.words(facts.definition.zone)}"
    known = REASONS.get(Reason(fire.reason), fire.reason) if fire.reason in set(Reason) else fire.reason
    why = fire.detail or known
    if fire.reason == Reason.OVERLAP and facts.active:
        why += f" ({listed([_lasting(run, facts) for run in facts.active])})"
    if fire.reason == Reason.JOB_INACTIVE and facts.job_change:
        why += f", {facts.job_change.words(facts.definition.zone)}"
    return f"it was skipped: {why}"


def _lasting(run: RunFact, facts: Facts) -> str:
    if run.ended_at is None:
        return f"run {run.id} is {run.state} still"
    return f"run {run.id} ended {EventFact(run.ended_at).words(facts.definition.zone)}"


def _buffered(facts: Facts) -> str:
    if not facts.active:
        return "it waits for the schedule's former run to end, which it has: a beat starts it now" + _beat(facts)
    return f"it waits for the schedule's former run to end: {listed([_lasting(run, facts) for run in facts.active])}"


def _waiting(fire: FireFact, facts: Facts) -> str:
    calls = f"called for by {listed(fire.upstream)}, " if fire.upstream else ""
    if fire.due_at is not None and fire.due_at > facts.now:
        return f"{calls}it waits for its delay, {span(fire.due_at - facts.now)} more"
    return f"{calls}it is due, and no beat has dealt with it yet{_beat(facts)}"


def _beat(facts: Facts) -> str:
    return "" if facts.beat_lives else f"; {NO_BEAT}"


def _to_come(facts: Facts) -> Answer:
    """It is a fire time, and its turn has not come."""
    left = span(_run_at(facts) - facts.now)
    if (stopped := _owes_nothing(facts)) is not None:
        return stopped
    if facts.is_to_skip:
        who = f": asked for {facts.asked_to_skip.words(facts.definition.zone)}" if facts.asked_to_skip else ""
        return Answer(
            verdict=Verdict.NOT_DUE, words=f"it is {left} ahead and will be skipped{who}", reason=Reason.ASKED
        )
    if facts.due is not None and facts.due.excluded:
        words = f"it is {left} ahead and will be skipped: {facts.due.excluded}"
        return Answer(verdict=Verdict.NOT_DUE, words=words, reason=Reason.EXCLUDED)
    if facts.job_state != "active":
        words = f"it is {left} ahead and will be skipped unless {_job_then(facts)}"
        return Answer(verdict=Verdict.NOT_DUE, words=words, reason=Reason.JOB_INACTIVE)
    if facts.principal_lost:
        words = f"it is {left} ahead and will be skipped as things stand: {facts.principal_lost}"
        return Answer(verdict=Verdict.NOT_DUE, words=words, reason=Reason.PRINCIPAL_LOST)
    jitter = _run_at(facts) - facts.fire_at
    moved = f", jitter of {span(jitter)} included" if jitter else ""
    return Answer(verdict=Verdict.NOT_DUE, words=f"it is not due yet: it fires in {left}{moved}")


def _job_then(facts: Facts) -> str:
    by = f" ({facts.job_state} {facts.job_change.words(facts.definition.zone)})" if facts.job_change else ""
    return f"{facts.job_key} is active by then; it is {facts.job_state} now{by}"


def _owes_nothing(facts: Facts) -> Answer | None:
    """Why a schedule does not fire at all as things stand."""
    if not facts.definition.document.enabled:
        return Answer(verdict=Verdict.NOT_ENABLED, words="the schedule is not enabled, so it does not fire")
    if facts.state == ScheduleState.PAUSED:
        by = f" {facts.held.words(facts.definition.zone)}" if facts.held else ""
        return Answer(
            verdict=Verdict.PAUSED, words=f"the schedule was paused{by}: until it is resumed it does not fire"
        )
    if facts.state == ScheduleState.ENDED or facts.actions_left == 0:
        why = "its actions are used up" if facts.actions_left == 0 else "its last fire time has passed"
        return Answer(verdict=Verdict.ENDED, words=f"the schedule has ended: {why}")
    return None


def _undecided(facts: Facts) -> Answer:
    """Its turn has come, and no decision is kept."""
    zone = facts.definition.zone
    if facts.fire_at <= facts.created_at:
        made = EventFact(facts.created_at).words(zone)
        return Answer(verdict=Verdict.NOT_CREATED, words=f"the schedule did not exist yet: it was created {made}")
    if facts.held is not None:
        words = f"the schedule was paused then: {facts.held.words(zone)}"
        return Answer(verdict=Verdict.PAUSED, words=words)
    if facts.changed is not None:
        words = (
            "no decision on it is kept: it was erased, or the schedule did not fire then as it does now, for it was changed "
            f"{facts.changed.words(zone)}"
        )
        return Answer(verdict=Verdict.OTHERWISE_THEN, words=words)
    stopped = _owes_nothing(facts)
    if stopped is not None:
        return stopped
    if facts.fire_at > facts.decided_until:
        return Answer(verdict=Verdict.LATE, words=_late(facts))
    return Answer(verdict=Verdict.UNKNOWN, words="no decision on it is kept: it was erased, or nobody made one")


def _late(facts: Facts) -> str:
    late = f"it is {span(facts.now - _run_at(facts))} late"
    if facts.problem:
        return f"{late}: it could not be fired ({facts.problem}), and is tried again"
    hangs = f"; {BUSY_BEAT}" if facts.beat_lives and facts.now - _run_at(facts) > BUSY_AFTER else ""
    return f"{late}, and no beat has dealt with it yet{_beat(facts)}{hangs}"


def sentence(*, fire_at: dt.datetime, definition: Definition, words: str) -> str:
    """Such as: Saturday 21 November 2026, 09:00 (Europe/Berlin): it fired, 0.2 s late: run 12 succeeded after 1 m 12 s."""
    return f"{moment_words(fire_at, definition.zone)} ({definition.zone}): {words}."
