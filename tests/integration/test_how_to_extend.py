"""The commands of docs/how-to/extend-a-run.md, said by a service that was called with a run token, to a real server."""

from __future__ import annotations

import io
import ipaddress
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs import hotpath
from jobs.models import Lane, Payload
from tests.integration.http_payload.calls import work
from tests.integration.http_payload.service import Service
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_lane, make_run
from workers.payloads.http.executor import EXECUTOR

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "extend-a-run.md"


@pytest.fixture
def called(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service to call, while the site is served."""
    settings.JOBS_PUBLIC_URL = live_server.url
    settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    monkeypatch.setattr("jobs.dispatch.publish", lambda messages: None)  # No worker of this test takes messages.
    with Service() as service:
        yield service
    hotpath.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands are curl's")
@pytest.mark.django_db(transaction=True)
def test_the_guides_commands_do_what_it_says(called: Service) -> None:
    run = make_run(make_job(make_workspace()), "q", next_position=1, strict=True)
    make_lane(run, 0, 1)
    attempt = replace(work(called.url(), extend=True), run_id=run.pk, workspace="acme", position=0)
    EXECUTOR.perform(attempt)
    headers = called.seen[0].headers
    environment = {
        "JOBS_RUN_TOKEN": headers["Jobs-Run-Token"],
        "JOBS_EXTEND_URL": headers["Jobs-Extend-Url"],
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    add, more_time = [block for block in _commands() if block.startswith("curl")]

    assert json.loads(_run(add, environment)) == {"added": 1, "cancelled": 0, "first_position": 1}
    assert json.loads(_run(add, environment)) == {"added": 1, "cancelled": 0, "first_position": 1}
    assert Payload.objects.filter(run=run).count() == 2
    added = Payload.objects.get(run=run, position=1)
    assert (added.kind, added.parent, added.key) == ("http", 0, "page-1:0")
    assert _run(more_time, environment) == ""
    assert Lane.objects.get(run=run).time_extensions == {"0:1": 1}


@pytest.mark.django_db
def test_the_command_for_it_adds_by_hand() -> None:
    run = make_run(make_job(make_workspace("demo")), "q")
    (command,) = [block for block in _commands() if block.startswith("python")]
    _, _, *arguments = shlex.split(command.replace(" 7 ", f" {run.pk} "))
    for count in (1, 0):
        out = io.StringIO()
        call_command(*arguments, stdout=out)
        assert out.getvalue() == f"run {run.pk}: {count} payload(s) added\n"
    assert Payload.objects.get(run=run, key="page-1").kind == "noop"


def _commands() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)


def _run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-ec", command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
