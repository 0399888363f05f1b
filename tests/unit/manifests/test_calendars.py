"""Named lists of exclusions."""

from __future__ import annotations

from typing import Any

import pytest

from manifests.calendars import expand
from manifests.problems import Place
from manifests.reading import Written

HOLIDAYS = {"kind": "holidays", "country": "DE"}
CALENDAR = {"manifest": "calendar", "name": "closed", "exclusions": [HOLIDAYS]}


def expanded(*documents: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    found, problems = expand([Written(Place("a.yaml", at), each) for at, each in enumerate(documents, start=1)])
    return [each.data for each in found], list(map(str, problems))


def test_a_job_and_a_schedule_alone_have_the_exclusions_of_the_calendar_in_its_place() -> None:
    own = {"kind": "dates", "dates": ["2026-12-31"]}
    entry = {"triggers": [], "exclusions": [own, {"calendar": "closed"}]}
    found, problems = expanded({"key": "k", "schedules": [entry]}, {"manifest": "schedule", **entry}, CALENDAR)
    assert problems == []
    assert found[0]["schedules"][0]["exclusions"] == [own, HOLIDAYS]
    assert found[1]["exclusions"] == [own, HOLIDAYS]
    assert entry["exclusions"] == [own, {"calendar": "closed"}]


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        (
            [{"key": "k", "schedules": [{"exclusions": [{"calendar": "gone"}]}]}, CALENDAR],
            "schedules.0.exclusions.0.calendar: expected the name of a calendar of these files alone; there are: closed",
        ),
        ([CALENDAR, CALENDAR], "document 2, calendar closed, name: another calendar is named 'closed' already"),
        ([{**CALENDAR, "exclusions": "x"}], "exclusions: expected a list of exclusions, as schedules have them"),
        ([{**CALENDAR, "zone": "UTC"}], "zone: unknown field; a calendar has name, description and exclusions"),
        (
            [{"manifest": "calendar", "exclusions": []}],
            "document 1, calendar None, name: expected the name by which exclusions refer to it",
        ),
    ],
)
def test_what_is_no_calendar_is_told(documents: list[dict[str, Any]], words: str) -> None:
    [problem] = expanded(*documents)[1]
    assert problem.endswith(words)
