"""The commands of docs/how-to/get-results.md, said to a real server and to manage.py."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from jobs import dispatch, hotpath
from jobs.models import Role, Run
from jobsproject import env
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.sinks.makers import end_run, make_job

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "get-results.md").read_text(encoding="utf-8")
ONE, ALL, LINK, TERMINAL, BUCKET = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run of two payloads that has ended."""
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    yield end_run(make_job(payloads=2, workspace=make_workspace("demo")))
    hotpath.close()


def said(commands: str, run: Run, **environment: str) -> subprocess.CompletedProcess[str]:
    """What these commands answer, of this run."""
    commands = commands.replace("runs/1/", f"runs/{run.pk}/").replace("demo 1", f"demo {run.pk}")
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(
        ["sh", "-ec", commands],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands are curl's")
def test_the_api_answers_as_the_guide_says(run: Run, live_server: Any) -> None:
    viewer = Api(make_user("vera", workspace=run.workspace, role=Role.VIEWER))
    token = viewer.headers["Authorization"].removeprefix("Bearer ")
    shell = {"URL": live_server.url, "TOKEN": token}
    assert json.loads(said(ONE, run, **shell).stdout) == {"n": 0}
    header, *rows = said(ALL, run, **shell).stdout.splitlines()
    assert (header.split(",")[:4], len(rows)) == (["workspace", "job", "run", "position"], 2)
    answer = json.loads(said(LINK, run, **shell).stdout)
    assert answer.keys() == json.loads(re.findall(r'```json\n(\{"run".*?)```', GUIDE, re.DOTALL)[0]).keys()
    lines = said(f"curl -sS '{answer['signed_url']}'", run).stdout.splitlines()
    assert [json.loads(line)["result"] for line in lines] == [{"n": 0}, {"n": 1}]


def test_the_terminal_shows_the_same(run: Run, tmp_path: Path) -> None:
    known = connection.settings_dict
    database = f"postgresql://{known['USER']}:{known['PASSWORD']}@{quote(known['HOST'], safe='')}:{known['PORT']}/{known['NAME']}"
    shutil.copy(ROOT / "manage.py", tmp_path)
    environment = {**os.environ, "DATABASE_URL": database, "PYTHONPATH": str(ROOT)}
    environment.pop("PATH")
    done = said(f"cd {shlex.quote(str(tmp_path))}; {TERMINAL}", run, **environment)
    first, second, header = done.stdout.splitlines()
    assert [json.loads(line)["position"] for line in (first, second)] == [0, 1]
    assert header.startswith("workspace,job,run")
    assert (tmp_path / "run-1.parquet").read_bytes()[-4:] == b"PAR1"


def test_the_bucket_can_be_set_like_that(monkeypatch: pytest.MonkeyPatch) -> None:
    for assignment in shlex.split(BUCKET):
        name, _, value = assignment.partition("=")
        monkeypatch.setenv(name, value)
    found = env.result_storage("JOBS_STORED_RESULTS", "JOBS_STORED_RESULTS_S3", otherwise=None, apart_from={})
    assert found["results"]["OPTIONS"] == {  # type: ignore[index]
        "bucket": "acme-jobs",
        "prefix": "results",
        "endpoint_url": "https://s3.example.org",
        "region": "eu-central-1",
        "path_style": True,
    }
