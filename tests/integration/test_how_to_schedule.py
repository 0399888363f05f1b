"""The commands of docs/how-to/schedule-a-job.md, run against a real server."""

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
from jobs.models import Job, Role, Run
from scheduler.models import Schedule
from tests.integration.people import Api, make_user, make_workspace

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "schedule-a-job.md"


@pytest.fixture
def environment(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the guide has its reader set, for a site that is served."""
    monkeypatch.setattr("jobs.dispatch.publish", lambda messages: None)  # No worker of this test takes messages.
    admin = Api(make_user("admin", workspace=make_workspace("demo"), role=Role.EDITOR))
    token = admin.headers["Authorization"].removeprefix("Bearer ")
    yield {"URL": live_server.url, "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    hotpath.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands are curl's")
@pytest.mark.django_db(transaction=True)
def test_the_guides_commands_do_what_it_says(environment: dict[str, str]) -> None:
    create, look, save, change, control, see = [block for block in _commands() if block.startswith("curl")]
    _run(create, environment)

    (seen,) = _run(look, environment)
    assert (seen["sentence"], len(seen["times"])) == ("At 02:30", 3)
    assert any("02:30 does not exist in Europe/Berlin" in warning["sentence"] for warning in seen["warnings"])
    assert Schedule.objects.count() == 0

    (saved,) = _run(save, environment)
    assert (saved["name"], saved["overlap"], saved["pause_on_failure"]) == ("nightly", "buffer_one", True)
    (changed,) = _run(change, environment)
    assert (changed["timezone"], changed["overlap"], Job.objects.get().version) == ("UTC", "buffer_one", 3)

    paused, resumed, skipping, run = _run(control, environment)
    assert (paused["state"], paused["state_change"]["note"]) == ("paused", "the supplier is away")
    assert (resumed["state"], resumed["next_fire_at"]) == ("active", skipping["skipped"])
    assert Run.objects.get(pk=run["id"]).parameters == {"day": "yesterday"}

    listed, skipped, why = _run(see, environment)
    assert [each["name"] for each in listed["results"]] == ["nightly"]
    assert skipped["results"] == []
    assert why["verdict"] in ("not_created", "no_such_time")


def _commands() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)


def _run(command: str, environment: dict[str, str]) -> list[Any]:
    """What each of a block's commands answered."""
    done = subprocess.run(
        ["sh", "-ec", command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers, at = [], 0
    while at < len(done.stdout):
        answer, at = json.JSONDecoder().raw_decode(done.stdout, at)
        answers.append(answer)
    return answers
