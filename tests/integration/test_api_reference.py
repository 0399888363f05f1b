"""The commands of the API's reference pages, run against a real server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import hotpath
from jobs.models import Role, Run
from tests.integration.people import Api, make_job, make_user, make_workspace

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture
def environment(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the commands expect: a workspace with a job, and somebody who may trigger it."""
    monkeypatch.setattr("jobs.dispatch.publish_started", lambda runs: None)  # No worker of this test takes messages.
    workspace = make_workspace("demo")
    make_job(workspace)
    token = Api(make_user("admin", workspace=workspace, role=Role.OPERATOR)).headers["Authorization"].split()[1]
    address = f"{live_server.url}/api/v1/workspaces/demo"
    yield {"API": address, "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    hotpath.close()


def run(page: str, part: str, environment: dict[str, str]) -> Any:
    """What the one command of a page that has this part answers."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    [command] = [block for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL) if part in block]
    done = subprocess.run(
        ["sh", "-ec", command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands are curl's")
@pytest.mark.django_db(transaction=True)
def test_they_do_what_the_pages_say(environment: dict[str, str]) -> None:
    answers = [run("api.md", "Idempotency-Key", environment) for _ in range(2)]
    assert [answer["id"] for answer in answers] == [Run.objects.get().pk] * 2
    page = run("api.md", "order=-updated_at", environment)
    assert page["results"] == [{"key": "task:ping", "state": "active", "next_run_at": None}]
    told = run("other-shapes.md", "shape=fusion", environment)
    assert (told["resource"], told["status"]) == ("task:ping", "running")
