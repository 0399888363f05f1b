"""The commands of docs/how-to/trigger-a-job.md, run against a real server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.db import connection

from jobs import hotpath
from jobs.models import Role, Run
from jobsproject.wsgi import application
from tests.integration.people import Api, make_user, make_workspace

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "trigger-a-job.md"


class QuietHandler(WSGIRequestHandler):
    """Writes no access log."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The address of the whole site on a free port, served by one thread."""
    with make_server("127.0.0.1", 0, application, handler_class=QuietHandler) as server:

        def serve() -> None:
            server.serve_forever(poll_interval=0.05)
            connection.close()
            hotpath.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide's commands are curl's")
@pytest.mark.django_db(transaction=True)
def test_the_guides_commands_do_what_it_says(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.dispatch.publish_started", lambda runs: None)  # No worker of this test takes messages.
    token = (
        Api(make_user("admin", workspace=make_workspace("demo"), role=Role.EDITOR))
        .headers["Authorization"]
        .removeprefix("Bearer ")
    )
    create, trigger, read = [block for block in _commands() if block.startswith("curl")]
    environment = {"URL": url, "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"}

    assert json.loads(_run(create, environment))["key"] == "task:hello"
    run = Run.objects.get(pk=json.loads(_run(trigger, environment))["id"])
    assert (run.parameters, run.actor) == ({"day": "monday"}, "admin")
    one, failed = _run(read.replace("/runs/1/", f"/runs/{run.pk}/"), environment).split("}{")
    assert json.loads(one + "}")["id"] == run.pk
    assert json.loads("{" + failed)["results"] == []


def _commands() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)


def _run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-ec", command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
