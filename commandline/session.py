"""What every command has: the API, where its answer goes, and the options that all of them take."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import click

from commandline.access import find_access
from commandline.api import Api
from commandline.output import Form, Output

P = ParamSpec("P")
R = TypeVar("R")


class Session:
    """One command's work. The API is looked up when it is first needed."""

    def __init__(self, *, form: Form, workspace: str | None) -> None:
        self.output = Output(form, environment=os.environ)
        self._workspace = workspace

    @functools.cached_property
    def api(self) -> Api:
        """The API that the caller is logged in to. Raises Failure."""
        return Api(find_access(environment=os.environ, workspace=self._workspace))


def with_session(function: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give a command its session, and the options ``--json``, ``--quiet`` and ``--workspace``."""

    @click.option("--json", "as_json", is_flag=True, help="Show what the API answered, as JSON.")
    @click.option("-q", "--quiet", is_flag=True, help="Show names and ids alone, and no progress.")
    @click.option("-w", "--workspace", metavar="SLUG", help="Another workspace than the one of the login.")
    @functools.wraps(function)
    def command(*args: P.args, **options: P.kwargs) -> R:
        as_json, quiet = bool(options.pop("as_json")), bool(options.pop("quiet"))
        if as_json and quiet:
            raise click.UsageError("--json and --quiet exclude each other")
        workspace = options.pop("workspace")
        form = Form.JSON if as_json else Form.QUIET if quiet else Form.TEXT
        session = Session(form=form, workspace=None if workspace is None else str(workspace))
        return function(session, *args, **options)

    return command
