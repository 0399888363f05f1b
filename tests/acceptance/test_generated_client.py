"""A Python client that was generated from the OpenAPI document gets on with the real processes."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from embedded.servers import CHECKOUT
from tests.acceptance.machine import WORKSPACE
from tests.acceptance.system import System
from tests.acceptance.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(420)]
DOCUMENT = CHECKOUT / "docs" / "reference" / "openapi.yaml"
PACKAGE = "generated_jobs_client"
WITHIN_SECONDS = 60.0


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The generated package, which can be imported by this name."""
    folder = tmp_path_factory.mktemp("client")
    wishes = folder / "wishes.yaml"
    # Nobody reads it: it need not be formatted. Lines of JSON are a file to it, which it has no word for.
    wishes.write_text("post_hooks: []\ncontent_type_overrides: {application/x-ndjson: application/octet-stream}\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(DOCUMENT), "--meta", "none"]
    done = subprocess.run(
        [*command, "--config", str(wishes), "--output-path", str(folder / PACKAGE), "--fail-on-warning"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


class Generated:
    """What the generated client offers, with the workspace filled in."""

    def __init__(self, package: str, connected: Any) -> None:
        self._package = package
        self._client = connected

    def call(self, operation: str, *path: object, **arguments: object) -> Any:
        """Call an operation, ``jobs.create_job`` say; its answer, parsed."""
        module: ModuleType = importlib.import_module(f"{self._package}.api.{operation}")
        answer = module.sync_detailed(WORKSPACE, *path, client=self._client, **arguments)
        assert answer.status_code < 300, answer.content
        return answer.parsed

    def model(self, name: str) -> Callable[[dict[str, Any]], Any]:
        """Makes a model of plain data."""
        models = importlib.import_module(f"{self._package}.models")
        made: Callable[[dict[str, Any]], Any] = getattr(models, name).from_dict
        return made


@pytest.fixture
def client(system: System, package: str) -> Iterator[Generated]:
    made = importlib.import_module(package).AuthenticatedClient
    machine = system.machine
    with made(base_url=machine.url, token=machine.token, raise_on_unexpected_status=True) as connected:
        yield Generated(package, connected)


def test_it_lists_creates_triggers_waits_reads_pauses_and_terminates(system: System, client: Generated) -> None:
    system.start_workers(1)
    document = {"key": "task:generated", "payload": [{"kind": "noop", "name": "first", "parameters": {}}]}
    made = client.call("jobs.create_job", body=client.model("NewJob")(document))
    assert (made.key, made.state) == ("task:generated", "active")
    assert [job.key for job in client.call("jobs.list_jobs").results] == ["task:generated"]

    run = client.call("jobs.trigger_job", made.key, body=client.model("TriggerRequest")({"comment": "by a program"}))
    wait_for(
        "the run's end",
        lambda: client.call("runs.get_run", run.id).state == "succeeded",
        seconds=WITHIN_SECONDS,
        report=lambda: str(client.call("runs.get_run", run.id).to_dict()),
    )
    [payload] = client.call("runs.list_payloads", run.id).results
    assert (payload.name, payload.state) == ("first", "succeeded")
    ended = client.call("runs.get_run", run.id)
    assert (ended.counts.succeeded, ended.comment) == (1, "by a program")

    paused = client.call("jobs.pause_job", made.key, body=client.model("NoteRequest")({"note": "why not"}))
    assert (paused.state, paused.state_change.note) == ("paused", "why not")
    assert client.call("jobs.resume_job", made.key).state == "active"
    again = client.call("runs.terminate_run", run.id)
    assert (again.changed, again.state) == (False, "succeeded")


def test_it_terminates_a_run_that_waits(system: System, client: Generated) -> None:
    document = {"key": "task:waits", "payload": [{"kind": "noop", "parameters": {}}]}
    client.call("jobs.create_job", body=client.model("NewJob")(document))
    run = client.call("jobs.trigger_job", "task:waits")
    stopped = client.call("runs.terminate_run", run.id, body=client.model("NoteRequest")({"note": "no worker"}))
    assert stopped.changed
    assert stopped.stop.note == "no worker"
