"""What a command is about: a job ``type:name``, a run by its number, or a schedule ``type:name/schedule``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import click

from commandline.api import Api
from commandline.exits import Exit, Failure


@dataclass(frozen=True)
class Job:
    """A job."""

    key: str

    @property
    def path(self) -> str:
        """Below the workspace."""
        return f"jobs/{quote(self.key, safe=':')}/"

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Run:
    """A run."""

    id: int

    @property
    def path(self) -> str:
        """Below the workspace."""
        return f"runs/{self.id}/"

    def __str__(self) -> str:
        return f"run {self.id}"


@dataclass(frozen=True)
class Schedule:
    """A schedule of a job; without a name the only one that its job has."""

    job: Job
    name: str | None

    @property
    def path(self) -> str:
        """Below the workspace, once the name is known."""
        return f"{self.job.path}schedules/{quote(self.name or '', safe='')}/"

    def __str__(self) -> str:
        return f"{self.job}/{self.name}"


def read_target(text: str) -> Job | Run | Schedule:
    """What the words mean. Raises click.BadParameter."""
    if text.isascii() and text.isdecimal():
        return read_run(text)
    return read_schedule(text) if "/" in text else read_job(text)


def read_job(text: str) -> Job:
    """A job's key. Raises click.BadParameter."""
    if not re.fullmatch(r"[^:/\s]+:[^:/\s]+", text):
        raise click.BadParameter(f"{text!r}: expected a job's key, such as task:ping")
    return Job(text)


def read_run(text: str) -> Run:
    """A run's number. Raises click.BadParameter."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:19]) < 2**63 and len(text) < 20):
        raise click.BadParameter(f"{text!r}: expected a run's number")
    return Run(int(text))


def read_schedule(text: str) -> Schedule:
    """``type:name/schedule``, or ``type:name`` for the only one of that job. Raises click.BadParameter."""
    key, _, name = text.partition("/")
    return Schedule(read_job(key), name or None)


def named(api: Api, schedule: Schedule) -> Schedule:
    """The schedule with its name. Raises Failure when none is given and its job has none, or several."""
    if schedule.name is not None:
        return schedule
    names = [entry["name"] for entry in api.get(f"{schedule.job.path}schedules/")["results"]]
    if len(names) == 1:
        return Schedule(schedule.job, names[0])
    if not names:
        raise Failure(Exit.NOT_FOUND, f"{schedule.job} has no schedule")
    choice = ", ".join(f"{schedule.job}/{name}" for name in names)
    raise Failure(Exit.USAGE, f"{schedule.job} has several schedules: say which: {choice}")
