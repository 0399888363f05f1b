"""Which fire times a backfill runs: pure decisions."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from scheduler.states import Which

_UNSUCCESSFUL = ("failed", "cancelled")
_ENDED = ("succeeded", *_UNSUCCESSFUL)


class Standing(NamedTuple):
    """How a fire time stands, all decisions on it taken together.

    ``owed``: a run will be started for it anyway. ``reason`` and ``detail``: why it was skipped, if it was. ``run_id`` and
    ``run_state``: of the newest run that was started for it; a run without a state was erased.
    """

    fire_at: dt.datetime
    owed: bool = False
    reason: str = ""
    detail: str = ""
    run_id: int | None = None
    run_state: str | None = None

    @property
    def active(self) -> bool:
        """Whether its run has not ended."""
        return self.run_state is not None and self.run_state not in _ENDED


def is_wanted(*, which: str, standing: Standing) -> bool:
    """Whether a backfill of this kind runs a fire time that stands so. Nobody runs one twice at the same time."""
    if standing.owed or standing.active:
        return False
    if standing.run_id is None or which == Which.ALL:
        return True
    return which == Which.MISSING_AND_FAILED and standing.run_state in _UNSUCCESSFUL


def standing_words(standing: Standing) -> str:
    """Such as: ``no run``, ``skipped: overlap (its former run had not ended)``, ``run 12 failed``."""
    if standing.run_id is not None:
        return f"run {standing.run_id} {standing.run_state or 'was erased'}"
    if standing.owed:
        return "owed, and not started yet"
    if standing.reason:
        return f"skipped: {standing.reason}" + (f" ({standing.detail})" if standing.detail else "")
    return "no run"
