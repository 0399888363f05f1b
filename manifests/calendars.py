"""Calendars: named lists of exclusions, written out wherever a schedule names them. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from manifests.problems import Problem
from manifests.reading import Written

CALENDAR = "calendar"
_FIELDS = ("manifest", "name", "description", "exclusions")


def expand(documents: Sequence[Written]) -> tuple[list[Written], list[Problem]]:
    """The documents that are no calendars, with each ``{calendar: NAME}`` among exclusions replaced by what that calendar says.

    Returns:
        The documents in their order, and what is wrong: calendars that are none, have the name of another, or are not there.
    """
    problems: list[Problem] = []
    known = dict(_calendars(documents, problems))
    found = [
        Written(written.place, _expanded(written, known, problems))
        for written in documents
        if written.data.get("manifest") != CALENDAR
    ]
    return found, problems


def _calendars(documents: Sequence[Written], problems: list[Problem]) -> Iterator[tuple[str, list[Any]]]:
    seen: set[str] = set()
    for written in documents:
        if written.data.get("manifest") != CALENDAR:
            continue
        name, wrong = written.data.get("name"), list(_wrong(written.data))
        if name in seen:
            wrong.append(("name", f"another calendar is named {name!r} already"))
        problems += [Problem(message, written.place, field, f"calendar {name}") for field, message in wrong]
        if isinstance(name, str) and isinstance(written.data.get("exclusions"), list):
            seen.add(name)
            yield name, written.data["exclusions"]


def _wrong(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(data.get("name"), str) or not data["name"]:
        yield "name", "expected the name by which exclusions refer to it"
    if not isinstance(data.get("exclusions"), list):
        yield "exclusions", "expected a list of exclusions, as schedules have them"
    for name in data:
        if name not in _FIELDS:
            yield str(name), "unknown field; a calendar has name, description and exclusions"


def _expanded(written: Written, known: Mapping[str, list[Any]], problems: list[Problem]) -> dict[str, Any]:
    """A schedule's own exclusions, and those of each schedule of a job."""
    data = dict(written.data)
    if isinstance(data.get("exclusions"), list):
        data["exclusions"] = _list(data["exclusions"], "exclusions", written, known, problems)
    if isinstance(data.get("schedules"), list):
        data["schedules"] = [
            _of_schedule(each, f"schedules.{at}", written, known, problems) for at, each in enumerate(data["schedules"])
        ]
    return data


def _of_schedule(
    schedule: Any, path: str, written: Written, known: Mapping[str, list[Any]], problems: list[Problem]
) -> Any:
    if not isinstance(schedule, dict) or not isinstance(schedule.get("exclusions"), list):
        return schedule
    exclusions = _list(schedule["exclusions"], f"{path}.exclusions", written, known, problems)
    return {**schedule, "exclusions": exclusions}


def _list(
    exclusions: list[Any], path: str, written: Written, known: Mapping[str, list[Any]], problems: list[Problem]
) -> list[Any]:
    found: list[Any] = []
    for at, each in enumerate(exclusions):
        if not isinstance(each, dict) or CALENDAR not in each:
            found.append(each)
            continue
        name = each[CALENDAR]
        if len(each) > 1 or not isinstance(name, str) or name not in known:
            there = ", ".join(sorted(known)) or "none"
            message = f"expected the name of a calendar of these files alone; there are: {there}"
            problems.append(Problem(message, written.place, f"{path}.{at}.{CALENDAR}"))
        else:
            found += copy.deepcopy(known[name])
    return found
