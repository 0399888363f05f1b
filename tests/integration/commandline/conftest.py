"""The site, served; somebody who may do everything there; and the command line in their environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from commandline.main import run
from jobs.models import Role, Workspace
from tests.integration.commandline.engine import Worker, working
from tests.integration.people import Api, make_user, make_workspace


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer of one that was asked for JSON."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The rows of a table in a pipe, without its header."""
        return [line.split("\t") for line in self.out.splitlines()[1:]]


Command = Callable[..., Said]


@pytest.fixture
def demo(transactional_db: None) -> Workspace:
    """The workspace."""
    return make_workspace("demo")


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """Does what is published."""
    with working(monkeypatch) as worker:
        yield worker


@pytest.fixture
def token(demo: Workspace) -> str:
    """An owner's."""
    owner = Api(make_user("ann", workspace=demo, role=Role.OWNER))
    return owner.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def environment(
    live_server: Any, token: str, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """What says where the site is; also set for this process."""
    variables = {
        "JOBS_URL": live_server.url,
        "JOBS_TOKEN": token,
        "JOBS_WORKSPACE": "demo",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **variables}


@pytest.fixture
def jobsctl(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command here, given its words."""

    def command(*words: object) -> Said:
        code = run([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return command
