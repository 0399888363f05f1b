"""What the arguments and options of commands may be, and how a shell completes them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from commandline import targets
from commandline.completion import job_names
from commandline.words import read_moment, read_span

T = TypeVar("T")


class Read(click.ParamType[T]):
    """A text that is read by a function, which raises click.BadParameter or ValueError for what it cannot be."""

    def __init__(self, name: str, read: Callable[[str], T]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What was read."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class NamesJob(Read[T]):
    """One that begins with a job's key: the API knows which there are."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """The keys that begin as what is there already."""
        return [CompletionItem(name) for name in job_names(environment=os.environ) if name.startswith(incomplete)]


class JsonFile(click.ParamType[Any]):
    """A file, or ``-`` for standard input, with JSON in it."""

    name = "file"

    def __init__(self, expected: type, words: str) -> None:
        self._expected = expected
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What the file says."""
        if not isinstance(value, str):
            return value
        try:
            found = json.loads(sys.stdin.buffer.read() if value == "-" else Path(value).read_bytes())
        except OSError as error:
            self.fail(f"{value} cannot be read: {error.strerror}", param, ctx)
        except ValueError as error:
            self.fail(f"{value} is no JSON: {error}", param, ctx)
        if not isinstance(found, self._expected):
            self.fail(f"{value}: expected {self._words}", param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """The shell knows its files."""
        return [CompletionItem(incomplete, type="file")]


JOB = NamesJob("job", targets.read_job)
RUN = Read("run", targets.read_run)
SCHEDULE = NamesJob("schedule", targets.read_schedule)
TARGET = NamesJob("target", targets.read_target)
SPAN = Read("span", read_span)
OBJECT = JsonFile(dict, "an object")
PAYLOADS = JsonFile(list, "a list of payloads")


def read_since(text: str) -> Any:
    """An instant, or how long ago: a timedelta's seconds. Raises ValueError."""
    try:
        return read_span(text)
    except ValueError:
        pass
    try:
        return read_moment(text)
    except ValueError:
        raise ValueError("expected an instant such as 2026-11-21T12:00:00Z, or how long ago, such as 10m") from None


SINCE = Read("when", read_since)
