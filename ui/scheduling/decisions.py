"""What was decided of a fire time, as a page says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from jobs.models import Run
from scheduler.explaining import REASONS
from scheduler.models import Fire
from scheduler.phrases import lateness
from scheduler.states import FireState, Reason
from ui.scheduling.addresses import run_address


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """A decision in words.

    Args:
        fire: What it is of.
        state: For its badge.
        words: Why, or how late.
        run: The address of the run that it started; empty for none.
        run_state: That run's state, where it was asked for; ``erased`` when it is there no more.
        caller: What called for it when the clock did not, in words.
        caller_address: The run whose end did; empty for none.
        asks: What the question "why?" asks about.
    """

    fire: Fire
    state: str
    words: str
    run: str = ""
    run_state: str = ""
    caller: str = ""
    caller_address: str = ""

    @property
    def asks(self) -> str:
        """The fire time, as `explain` reads it."""
        return self.fire.fire_at.isoformat()


def shown_decision(fire: Fire, *, slug: str, run_states: Mapping[int, str] | None = None) -> ShownDecision:
    """A decision for a page of that workspace. ``run_states``: by id, of the runs that are there; None where nobody asked."""
    run, run_state = "", ""
    if fire.run_id is not None:
        run = run_address(slug, fire.run_id)
        run_state = run_states.get(fire.run_id, "erased") if run_states is not None else ""
    caller, caller_address = _caller(fire, slug)
    return ShownDecision(fire, fire.state, _words(fire), run, run_state, caller, caller_address)


def run_states_of(fires: Iterable[Fire]) -> dict[int, str]:
    """The states of the runs that these started, by id, in one query."""
    ids = [fire.run_id for fire in fires if fire.run_id is not None]
    return dict(Run.objects.filter(pk__in=ids).values_list("pk", "state"))


def _words(fire: Fire) -> Any:
    match FireState(fire.state):
        case FireState.FIRED:
            return fire.detail or lateness(fire.decided_at - (fire.due_at or fire.fire_at))
        case FireState.SKIPPED:
            return fire.detail or REASONS[Reason(fire.reason)]
        case FireState.BUFFERED:
            return _("until its former run has ended")
        case FireState.WAITING:
            return _("for its time")


def _caller(fire: Fire, slug: str) -> tuple[str, str]:
    first, _colon, second = fire.cause.partition(":")
    if not second:
        return fire.cause, ""
    if first == "backfill":
        return _("backfill %s") % second, ""
    return _("after run %s") % second, run_address(slug, int(second)) if second.isdecimal() else ""
