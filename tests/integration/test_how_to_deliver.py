"""The commands of docs/how-to/deliver-results.md, said to a real server, beside a worker that delivers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.models import Role, Run
from jobs.services.closing import close_runs
from sinks import claims
from sinks.models import Delivery
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.sinks.makers import finish
from workers.delivering import deliver_to
from workers.sink_checks import perform

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "deliver-results.md"


@pytest.fixture
def environment(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An editor's shell, while the site is served; what is asked of workers is done at once, what is to be delivered waits."""
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    monkeypatch.setattr(dispatch, "publish_deliveries", lambda: None)
    monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: perform(check_id=check_id))
    editor = Api(make_user("admin", workspace=make_workspace("demo"), role=Role.EDITOR))
    token = editor.headers["Authorization"].removeprefix("Bearer ")
    yield {"URL": live_server.url, "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    hotpath.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands are curl's")
@pytest.mark.django_db(transaction=True)
def test_the_guides_commands_do_what_it_says(environment: dict[str, str]) -> None:
    name, check, job, look, again, enable = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)

    assert said(name, environment)[0]["standing"]["state"] == "ready"
    assert said(check, environment)[0]["state"] == "done"
    _, started = said(job, environment)
    run = Run.objects.get(pk=started["id"])
    finish(run)
    close_runs(run_ids=[run.pk])
    deliver()

    shown, dead = said(look.replace("runs/1/", f"runs/{run.pk}/").replace("run=1", f"run={run.pk}"), environment)
    assert shown["deliveries"] == [
        {"sink": "journal", "waiting": 0, "due": 0, "delivered": 2, "dead": 0},
        {"sink": "totals-only", "waiting": 0, "due": 0, "delivered": 1, "dead": 0},
    ]
    assert dead["results"] == []
    Delivery.objects.filter(handover__name="journal").update(state="dead", error={"message": "down", "code": "down"})
    assert said(again, environment) == [{"redelivered": 2, "skipped_count": 0, "skipped": [], "action": None}]
    deliver()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert said(enable, environment)[0]["changed"] is False


def deliver() -> None:
    for due in claims.due_sinks(limit=10):
        deliver_to(sink_id=due.sink_id or 0)


def said(commands: str, environment: dict[str, str]) -> list[Any]:
    """What these commands answer, one after the other."""
    done = subprocess.run(
        ["sh", "-ec", commands], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    decoder, answers, rest = json.JSONDecoder(), [], done.stdout.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].strip()
    return answers
