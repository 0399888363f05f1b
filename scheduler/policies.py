"""What is owed when fire times come up late, overlap a former run, or may not fire: pure decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from scheduler.definition import Definition, Due
from scheduler.phrases import span
from scheduler.states import FireState, MisfirePolicy, Overlap, Reason

MOST_BUFFERED = 1000
TOGETHER = "it came up together with an earlier fire time, whose run had just begun"
"""Fires of one schedule that may wait for its runs to end."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one fire time."""

    due: Due
    state: FireState
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How things stand for one schedule at the moment of a decision.

    Args:
        now: Aware UTC.
        job_inactive: Why its job may not run, in words; empty when it may.
        principal_lost: Why it may not act as whom it does, in words; empty while it may.
        active: Its runs that have not ended.
        buffered: Its fires that wait for that.
        skips: Fire times that somebody asked to skip.
        actions_left: How many more may fire; None for no limit.
        following: How many more fire times that may run are owed right behind those decided now; it need not be told beyond
            ``misfire.most``.
    """

    now: dt.datetime
    job_inactive: str = ""
    principal_lost: str = ""
    active: int = 0
    buffered: int = 0
    skips: Collection[dt.datetime] = ()
    actions_left: int | None = None
    following: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decisions in the order of their times, and what they ask for besides.

    ``stops_others``: the schedule's active runs are to be stopped. ``drops_buffered``: what was buffered before is given up.
    """

    decisions: list[Decision]
    stops_others: bool = False
    drops_buffered: bool = False


def decide(*, definition: Definition, owed: Sequence[Due], situation: Situation) -> Verdict:
    """Decide on fire times that are due, oldest first.

    A late one is judged by the misfire policy; what is left by the overlap policy; what would fire then uses up an action.
    """
    if len(owed) == 1 and _nothing_hinders(owed[0], definition, situation):
        return Verdict([Decision(owed[0], FireState.FIRED)])
    judged = [_forbidden(due, situation) or _too_old(due, definition, situation) for due in owed]
    candidates = [at for at, decision in enumerate(judged) if decision is None]
    late = _given_up(definition, [owed[at] for at in candidates], situation)
    for at, reason in zip(candidates, late, strict=True):
        if reason:
            judged[at] = Decision(owed[at], FireState.SKIPPED, Reason.MISFIRE, reason)
    firing = [owed[at] for at in candidates if judged[at] is None]
    overlap = _Overlapping(definition.document.overlap, situation)
    decided = iter(overlap.decide(firing))
    return Verdict([decision or next(decided) for decision in judged], overlap.stops_others, overlap.drops_buffered)


def given_up_late(*, definition: Definition, owed: Sequence[Due], now: dt.datetime) -> list[tuple[Reason, str] | None]:
    """What the policies for what comes up late say of fire times that nothing else forbids, oldest first.

    Returns:
        For each why it is given up, and more about it; None for one that may run.
    """
    situation = Situation(now=now)
    judged = [_too_old(due, definition, situation) for due in owed]
    fates = [None if decision is None else (Reason.CATCH_UP_WINDOW, decision.detail) for decision in judged]
    left = [at for at, fate in enumerate(fates) if fate is None]
    for at, why in zip(left, _given_up(definition, [owed[at] for at in left], situation), strict=True):
        if why:
            fates[at] = Reason.MISFIRE, why
    return fates


def _nothing_hinders(due: Due, definition: Definition, situation: Situation) -> bool:
    """Whether no policy has anything to decide, as is usual: asked first, for beats may have a hundred thousand of them at once."""
    return (
        not (situation.active or situation.buffered or situation.skips or due.excluded)
        and not (situation.job_inactive or situation.principal_lost)
        and situation.actions_left != 0
        and situation.now - due.run_at <= min(definition.grace, definition.window)
    )


def _forbidden(due: Due, situation: Situation) -> Decision | None:
    if due.fire_at in situation.skips:
        return Decision(due, FireState.SKIPPED, Reason.ASKED)
    if due.excluded:
        return Decision(due, FireState.SKIPPED, Reason.EXCLUDED, due.excluded)
    if situation.job_inactive:
        return Decision(due, FireState.SKIPPED, Reason.JOB_INACTIVE, situation.job_inactive)
    if situation.principal_lost:
        return Decision(due, FireState.SKIPPED, Reason.PRINCIPAL_LOST, situation.principal_lost)
    return None


def _too_old(due: Due, definition: Definition, situation: Situation) -> Decision | None:
    if situation.now - due.run_at <= definition.window:
        return None
    detail = f"it came up {span(situation.now - due.run_at)} late, and the window is {span(definition.window)}"
    return Decision(due, FireState.SKIPPED, Reason.CATCH_UP_WINDOW, detail)


def _given_up(definition: Definition, owed: Sequence[Due], situation: Situation) -> list[str]:
    """For each why the misfire policy gives it up; empty for those that are to run, as are all that are not late."""
    misfire = definition.document.misfire
    most = {MisfirePolicy.SKIP: 0, MisfirePolicy.LATEST: 1}.get(misfire.policy, misfire.most)
    rest = ["", ", and a later one runs in its place"][most] if most < 2 else f", and only the last {most} run"
    reasons = []
    for at, due in enumerate(owed):
        late = situation.now - due.run_at
        later_ones = len(owed) - at - 1 + situation.following
        gives_way = late > definition.grace and later_ones >= most
        reasons.append(f"it came up {span(late)} late{rest}" if gives_way else "")
    return reasons


class _Overlapping:
    """Applies the overlap policy and the limit of actions to one fire time after the other."""

    def __init__(self, policy: Overlap, situation: Situation) -> None:
        self._policy = policy
        # A buffered fire whose run has ended is released with these, before any of them, though nobody has settled that end yet.
        released = 1 if situation.buffered and not situation.active else 0
        self._active = situation.active + released
        self._fired = 0
        self._buffered = situation.buffered - released
        self._left = situation.actions_left
        self.stops_others = False
        self.drops_buffered = False

    def decide(self, owed: Sequence[Due]) -> Iterator[Decision]:
        for at, due in enumerate(owed):
            last = at == len(owed) - 1
            yield self._use_up(self._one(due, last=last))

    def _one(self, due: Due, *, last: bool) -> Decision:
        if self._left == 0:
            return Decision(due, FireState.SKIPPED, Reason.LIMIT, "its actions are used up")
        if self._policy in (Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER) and not last:
            # It would be stopped as soon as it began.
            return Decision(due, FireState.SKIPPED, Reason.OVERLAP, "the next fire time came up with it")
        if not self._active or self._policy == Overlap.ALLOW_ALL:
            return Decision(due, FireState.FIRED)
        return self._behind_another(due)

    def _behind_another(self, due: Due) -> Decision:
        if self._policy in (Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER):
            self.stops_others = True
            self.drops_buffered = self._policy == Overlap.CANCEL_OTHER
            return Decision(due, FireState.BUFFERED if self.drops_buffered else FireState.FIRED)
        room = {Overlap.BUFFER_ONE: 1, Overlap.BUFFER_ALL: MOST_BUFFERED}.get(self._policy, 0)
        if self._buffered < room:
            return Decision(due, FireState.BUFFERED)
        if self._policy == Overlap.BUFFER_ALL:
            return Decision(due, FireState.SKIPPED, Reason.LIMIT, f"{MOST_BUFFERED:,} others waited already")
        if not room and self._active == self._fired:
            # After a beat was away, say: the run was not too long, they came up at once.
            return Decision(due, FireState.SKIPPED, Reason.OVERLAP, TOGETHER)
        waits = ", and another waited for that already" if room else ""
        return Decision(due, FireState.SKIPPED, Reason.OVERLAP, f"its former run had not ended{waits}")

    def _use_up(self, decision: Decision) -> Decision:
        if decision.state == FireState.FIRED:
            self._active += 1
            self._fired += 1
        elif decision.state == FireState.BUFFERED:
            self._buffered += 1
        if decision.state != FireState.SKIPPED and self._left is not None:
            self._left -= 1
        return decision
