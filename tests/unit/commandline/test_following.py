"""Following a log through an API that is away for a while."""

from __future__ import annotations

import itertools

import pytest

from commandline.api import Api
from commandline.commands.logs import LATE_SECONDS, lines
from commandline.exits import Exit, Failure
from commandline.targets import Run
from commandline.watching import PATIENCE_SECONDS
from tests.unit.commandline.scripted import DROPPED, Answer, problem, scripted

RUNNING, ENDED = Answer(body={"ended_at": None}), Answer(body={"ended_at": "2026-11-21T12:00:00Z"})


def page(*ids: int, more: bool = False) -> Answer:
    """A page of lines with these ids."""
    following = f"http://here/?after={ids[-1]}" if more else None
    return Answer(body={"results": [{"id": number} for number in ids], "next": following})


def followed(*answers: Answer, follow: bool = True, second: float = 1.0) -> tuple[list[int], list[str]]:
    """The ids that come, and what was asked. Each look at the clock takes so long."""
    clock = itertools.count(0.0, second)
    with scripted(*answers) as server, Api(server.access, tries=1, sleep=lambda seconds: None) as api:
        found = lines(api, Run(7), follow=follow, position=None, sleep=lambda seconds: None, clock=lambda: next(clock))
        ids = [line["id"] for line in found]
    return ids, [asked.path.rpartition("/runs/7/")[2] for asked in server.asked]


def test_it_goes_on_behind_the_last_line_that_came() -> None:
    ids, asked = followed(
        RUNNING, page(1, 2, more=True), DROPPED, DROPPED, RUNNING, page(3), ENDED, page(4), second=LATE_SECONDS
    )
    assert ids == [1, 2, 3, 4]
    assert asked[-1] == "logs/?after=3&limit=1000"


def test_a_line_that_appears_below_others_a_moment_later_is_shown_once() -> None:
    ids, asked = followed(RUNNING, page(1, 4), RUNNING, page(1, 2, 4, 5), ENDED, page(1, 2, 3, 4, 5), second=0.01)
    assert ids == [1, 4, 2, 5, 3]
    assert {question for question in asked if question.startswith("logs")} == {"logs/?limit=1000"}


def test_it_is_not_patient_for_ever() -> None:
    with pytest.raises(Failure) as failure:
        followed(RUNNING, page(1), DROPPED, second=PATIENCE_SECONDS / 2)
    assert failure.value.code is Exit.UNREACHABLE


def test_without_following_or_when_refused_it_ends_at_once() -> None:
    with pytest.raises(Failure):
        followed(DROPPED, page(1), follow=False)
    with pytest.raises(Failure, match="it has expired"):
        followed(RUNNING, problem(401, "it has expired"), page(1))
