"""The commands of docs/how-to/watch.md and docs/how-to/audit.md, run against the real process."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.models import Role, Run, Workspace
from jobs.services.tokens import create_token
from tests.integration.live.given import write, writing_later
from tests.integration.people import NOW, make_job, make_user, make_workspace
from tests.integration.run_rows import make_run
from tests.live_server import LiveServer

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the guides' commands are curl's")


def commands(guide: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", (HOW_TO / guide).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def demo(transactional_db: None) -> Workspace:
    return make_workspace("demo")


@pytest.fixture
def run(demo: Workspace) -> Run:
    """One that has ended."""
    job = make_job(demo, "task:ping")
    run = make_run(job, "s")
    for kind in ("run.created", "run.succeeded"):
        write(job, kind, run=run)
    return run


@pytest.fixture
def environment(server: LiveServer, demo: Workspace, run: Run) -> dict[str, str]:
    token = create_token(user=make_user("admin", workspace=demo, role=Role.OWNER), name="test", now=NOW)[1]
    address = f"http://{server.address}"
    path = f"{Path(sys.executable).parent}:{os.defpath}:/usr/local/bin"
    return {"LIVE": address, "URL": address, "TOKEN": token, "RUN": str(run.pk), "PATH": path}


def shell(command: str, environment: dict[str, str], folder: Path) -> str:
    return subprocess.run(
        ["sh", "-ec", command], env=environment, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_a_run_is_watched_to_its_end(environment: dict[str, str], tmp_path: Path) -> None:
    told = shell(commands("watch.md")[0], environment, tmp_path)
    assert [word for word in re.findall(r"^event: (.*)$", told, re.MULTILINE) if word != "progress"] == [
        "event",
        "event",
        "end",
    ]


def test_a_workspace_is_gone_on_with(environment: dict[str, str], run: Run, tmp_path: Path) -> None:
    command = commands("watch.md")[1].replace("Last-Event-ID: 71", "Last-Event-ID: 0")
    with subprocess.Popen(
        ["sh", "-ec", f"exec {command}"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = (line for line in process.stdout if line.startswith("data: "))
        kinds = [json.loads(line[6:])["kind"] for line in itertools.islice(lines, 3)]
        process.terminate()
    assert kinds == ["job.created", "run.created", "run.succeeded"]


def test_a_poll_answers_when_something_happens(environment: dict[str, str], run: Run, tmp_path: Path) -> None:
    assert run.job is not None
    with writing_later(run.job, "job.later", seconds=2):
        answer = json.loads(shell(commands("watch.md")[2], environment, tmp_path))
    assert [event["kind"] for event in answer["results"]] == ["job.later"]


def test_the_audit_is_asked_for_and_exported(environment: dict[str, str], tmp_path: Path) -> None:
    [command] = commands("audit.md")
    answer = shell(command.replace("actor=admin", "actor=test"), environment, tmp_path)
    assert [entry["action"] for entry in json.loads(answer)["results"]] == ["job.created"]
    lines = (tmp_path / "audit.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("id,at,actor")
    assert {line.split(",")[5] for line in lines[1:]} >= {"job.created"}
