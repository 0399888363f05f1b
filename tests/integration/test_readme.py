"""The README's job of one's own, loaded and run by its commands against the service that `make up` starts."""

from __future__ import annotations

import io
import ipaddress
import re
import shlex
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from embedded.example_service import ExampleService
from embedded.system import EXAMPLE_SERVICE, WORKSPACE
from jobs import dispatch, hotpath
from jobs.claims import StartedRun
from jobs.models import Payload
from tests.integration.people import make_workspace
from workers import turns
from workers.payloads.http.connections import POOL

(SECTION,) = re.findall(
    r"^## A job of your own\n(.*?)^## ",
    (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def service(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExampleService]:
    """The example service; what is published is done at once."""
    settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    monkeypatch.setattr(dispatch, "publish_started", work)
    with ExampleService() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield service
        service.shutdown()
        thread.join()
    POOL.close()
    hotpath.close()


def work(runs: Sequence[StartedRun]) -> None:
    """Work the lanes of runs that have just begun."""
    turns.work(lanes=[(run.id, 0) for run in runs], queue="http", single=True, strict=True, published_at=None)


def block(language: str) -> str:
    """The section's one block in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return str(found)


def test_a_job_of_ones_own_is_loaded_and_run(
    service: ExampleService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_workspace(WORKSPACE)
    monkeypatch.chdir(tmp_path)
    assert EXAMPLE_SERVICE in block("yaml")
    (tmp_path / "my-ping.yaml").write_text(block("yaml").replace(EXAMPLE_SERVICE, service.url))
    out = io.StringIO()
    for command in block("sh").splitlines():
        python, manage, *arguments = shlex.split(command)
        assert (python, manage) == (".venv/bin/python", "manage.py")
        call_command(*arguments, stdout=out)
    (last,) = re.findall(r"The last line says `(.*?)`", SECTION)
    assert out.getvalue().splitlines()[-1] == last
    assert (Payload.objects.get().result or {})["body"] == {"pong": True}
