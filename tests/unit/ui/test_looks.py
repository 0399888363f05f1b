"""States as people see them."""

from __future__ import annotations

import re

import pytest

from jobs.states import JobState, PayloadState, RunState
from scheduler.states import FireState, ScheduleState
from sinks.states import DeliveryState
from ui import icons, looks

TONES = {"grey", "blue", "amber", "green", "red", "violet", "orange"}


@pytest.mark.parametrize("states", [RunState, PayloadState, JobState, ScheduleState, FireState, DeliveryState])
def test_every_state_there_is_has_a_look(states: type[RunState]) -> None:
    assert {str(state) for state in states} - set(looks.LOOKS) == set()


def test_every_look_has_a_sign_and_a_tone_that_there_are() -> None:
    assert {look.icon for look in looks.LOOKS.values()} <= set(icons.PATHS)
    assert {look.tone for look in looks.LOOKS.values()} <= TONES


def test_runs_look_as_people_know_them() -> None:
    told = {state: (str(looks.look(state).word), looks.look(state).tone) for state in RunState}
    assert told[RunState.PENDING] == ("INIT", "grey")
    assert told[RunState.RUNNING] == ("RUNNING", "blue")
    assert told[RunState.PAUSED] == ("PAUSED", "amber")
    assert told[RunState.SUCCEEDED] == ("COMPLETED", "green")
    assert told[RunState.FAILED] == ("FAILED", "red")
    assert told[RunState.CANCELLED] == ("CANCELLED", "violet")


def test_what_is_not_known_is_grey_and_says_its_own_word() -> None:
    assert looks.look("put_off") == looks.Look("grey", "circle", "PUT OFF")


def test_signs_are_paths() -> None:
    assert [
        name for name, path in icons.PATHS.items() if not re.fullmatch(r"[MLHVCSQTAZmlhvcsqtaz0-9 .,-]+", path)
    ] == []
