"""Which fire times a backfill runs."""

from __future__ import annotations

import datetime as dt

import pytest

from scheduler.backfilling import Standing, is_wanted, standing_words
from scheduler.states import Which

NINE = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
NOTHING = Standing(NINE)
SKIPPED = Standing(NINE, reason="overlap", detail="its former run had not ended")
OWED = Standing(NINE, owed=True)
OWED_AGAIN = Standing(NINE, owed=True, run_id=7, run_state="failed")


def ran(state: str | None) -> Standing:
    return Standing(NINE, run_id=7, run_state=state)


@pytest.mark.parametrize(
    ("standing", "wanted"),
    [
        (NOTHING, {Which.MISSING, Which.MISSING_AND_FAILED, Which.ALL}),
        (SKIPPED, {Which.MISSING, Which.MISSING_AND_FAILED, Which.ALL}),
        (ran("failed"), {Which.MISSING_AND_FAILED, Which.ALL}),
        (ran("cancelled"), {Which.MISSING_AND_FAILED, Which.ALL}),
        (ran("succeeded"), {Which.ALL}),
        (ran(None), {Which.ALL}),
        (ran("running"), set()),
        (ran("paused"), set()),
        (OWED, set()),
        (OWED_AGAIN, set()),
    ],
)
def test_a_fire_time_is_run_when_its_kind_asks_for_it_and_nobody_does_so_anyway(
    standing: Standing, wanted: set[Which]
) -> None:
    assert {which for which in Which if is_wanted(which=which, standing=standing)} == wanted


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (NOTHING, "no run"),
        (SKIPPED, "skipped: overlap (its former run had not ended)"),
        (Standing(NINE, reason="asked"), "skipped: asked"),
        (OWED, "owed, and not started yet"),
        (ran("failed"), "run 7 failed"),
        (ran(None), "run 7 was erased"),
    ],
)
def test_how_it_stands_is_told_in_words(standing: Standing, words: str) -> None:
    assert standing_words(standing) == words
