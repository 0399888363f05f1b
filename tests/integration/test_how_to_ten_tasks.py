"""The commands of docs/how-to/the-ten-commonest-tasks.md, said to a real server, beside a worker and the service of `make up`."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from embedded.example_service import ExampleService
from embedded.system import EXAMPLE_SERVICE
from jobs import dispatch
from jobs.models import Role, Run
from tests.integration.commandline.engine import Worker, working
from tests.integration.people import make_user, make_workspace
from workers.sink_checks import perform

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "the-ten-commonest-tasks.md").read_text(encoding="utf-8")
TASKS = re.split(r"^## (?=\d)", GUIDE, flags=re.MULTILINE)
LOGIN, ADDRESS = re.findall(r"```sh\n(.*?)```", TASKS[0], re.DOTALL)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands are curl's"),
]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """Does what is published; what is to be delivered waits."""
    monkeypatch.setattr(dispatch, "publish_deliveries", lambda: None)
    monkeypatch.setattr(dispatch, "publish_sink_check", lambda check_id: perform(check_id=check_id))
    with working(monkeypatch) as worker:
        yield worker


@pytest.fixture
def partner() -> Iterator[str]:
    """The address of the example service."""
    with ExampleService() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield service.url
        service.shutdown()
        thread.join()


class Shell:
    """A shell in a folder with manage.py, in which API and RUN are remembered."""

    def __init__(self, folder: Path, *, site: str, partner: str) -> None:
        known = connection.settings_dict
        login = f"{known['USER']}:{known['PASSWORD']}@{quote(known['HOST'], safe='')}:{known['PORT']}"
        self.folder = folder
        self._partner = partner
        self._environment = {
            **os.environ,
            "DATABASE_URL": f"postgresql://{login}/{known['NAME']}",
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "API": site + ADDRESS.split(":8000")[1].strip(),
        }
        shutil.copy(ROOT / "manage.py", folder)

    def remember(self, run_id: int) -> None:
        """The run that the next commands are about."""
        self._environment["RUN"] = str(run_id)

    def say(self, commands: str) -> list[Any]:
        """What these commands answer, one after the other."""
        done = subprocess.run(
            ["sh", "-ec", commands.replace(EXAMPLE_SERVICE, self._partner)],
            env=self._environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        decoder, answers, rest = json.JSONDecoder(), [], done.stdout.strip()
        while rest:
            answer, end = decoder.raw_decode(rest)
            answers.append(answer)
            rest = rest[end:].strip()
        return answers


def task(number: int) -> list[str]:
    """The commands of a task, a block each."""
    assert TASKS[number].startswith(f"{number}. ")
    return re.findall(r"```sh\n(.*?)```", TASKS[number], re.DOTALL)


@pytest.mark.timeout(300)
def test_the_ten_tasks_do_what_the_guide_says(worker: Worker, partner: str, live_server: Any, tmp_path: Path) -> None:
    make_user("admin", workspace=make_workspace("demo"), role=Role.EDITOR)
    shell = Shell(tmp_path, site=live_server.url, partner=partner)
    shell.say(LOGIN)
    assert stat.S_IMODE((tmp_path / "jobs.curl").stat().st_mode) == 0o600

    assert shell.say(*task(1))[0]["state"] == "active"

    trigger, number, wait = task(2)
    (started,), (again,) = shell.say(trigger), shell.say(trigger)
    assert (number, started["id"]) == ("RUN=1\n", again["id"])
    shell.remember(started["id"])
    (ended,) = shell.say(wait)
    assert (ended["state"], ended["counts"]["succeeded"], ended["counts"]["failed"]) == ("failed", 1, 1)

    failed, one, logs = shell.say(*task(3))
    assert [payload["name"] for payload in failed["results"]] == ["gone"]
    assert one["failed_attempts"][0]["error"]["code"] == "http_status"
    assert logs["next"] is None

    (repeated,) = shell.say(*task(4))
    assert (repeated["origin"], repeated["counts"]["total"]) == (started["id"], 1)

    assert [job["state"] for job in shell.say(*task(5))] == ["paused", "active"]
    assert shell.say(*task(6))[0]["sentence"] == "At 02:30 on Monday to Friday"
    assert len(shell.say(*task(7))[0]["times"]) == 5

    add, deliver = task(8)
    assert [answer.get("state") for answer in shell.say(add)] == [None, "done"]
    (job,) = shell.say(deliver)
    assert (job["sinks"][0]["sink"], len(job["schedules"])) == ("partners-journal", 1)

    shell.say(*task(9))
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 3
    assert json.loads((tmp_path / "result.json").read_text())["body"] == {"pong": True}

    worker.hold()
    (last,) = shell.say(trigger.replace("by-hand-1", "by-hand-2"))
    shell.remember(last["id"])
    (terminated,) = shell.say(*task(10))
    assert (terminated["changed"], Run.objects.get(pk=last["id"]).stop["reason"]) == (True, "terminated")  # type: ignore[index]
