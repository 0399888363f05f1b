"""What the words of a command line mean."""

from __future__ import annotations

import click
import pytest

from commandline.api import Api
from commandline.exits import Exit, Failure
from commandline.targets import Job, Run, Schedule, named, read_job, read_run, read_target
from tests.unit.commandline.scripted import Answer, scripted

PING = Job("task:ping")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("task:ping", PING),
        ("7", Run(7)),
        ("task:ping/nightly", Schedule(PING, "nightly")),
        ("task:ping/", Schedule(PING, None)),
    ],
)
def test_a_target_is_a_job_a_run_or_a_schedule(text: str, target: object) -> None:
    assert read_target(text) == target


@pytest.mark.parametrize("text", ["ping", "", ":", "task:", "task:a:b", "task:a b", "٣"])
def test_what_is_none_of_them_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected a job's key"):
        read_target(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "9" * 19, "9" * 30, "٣", "task:ping"])
def test_what_is_no_number_of_a_run_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected a run's number"):
        read_run(text)


def test_nothing_in_a_name_leaves_its_place_in_the_address() -> None:
    assert read_job("task:..%2Fruns?a#b").path == "jobs/task:..%252Fruns%3Fa%23b/"


class TestTheOnlySchedule:
    def test_its_name_may_be_left_out(self) -> None:
        with scripted(Answer(body={"results": [{"name": "nightly"}]})) as server, Api(server.access) as api:
            assert named(api, Schedule(PING, None)) == Schedule(PING, "nightly")

    @pytest.mark.parametrize(
        ("names", "code", "words"),
        [([], Exit.NOT_FOUND, "has no schedule"), (["a", "b"], Exit.USAGE, "say which: task:ping/a, task:ping/b")],
    )
    def test_but_only_if_there_is_one(self, names: list[str], code: Exit, words: str) -> None:
        entries = [{"name": name} for name in names]
        with (
            scripted(Answer(body={"results": entries})) as server,
            Api(server.access) as api,
            pytest.raises(Failure, match=words) as refused,
        ):
            named(api, Schedule(PING, None))
        assert refused.value.code is code
