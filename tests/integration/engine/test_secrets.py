"""A secret that a payload has read is in nothing that is kept of it, whatever the payload does with it."""

from __future__ import annotations

import base64
import functools
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from jobs.errors import PermanentError, TransientError
from jobs.models import Attempt, LogLine, Payload, Run, Workspace
from jobs.services.secrets import read_secret, set_secret
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import error_of, make_run, scripts
from tests.integration.engine.scripted import ScriptedExecutor
from workers import executor
from workers.payloads.base import Work
from workers.persistence import with_models

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

VALUE = "correct-horse/battery+staple"
FORMS = (VALUE, base64.b64encode(VALUE.encode()).decode(), "correct-horse%2Fbattery%2Bstaple")


@pytest.fixture
def run(scripted: ScriptedExecutor) -> Run:
    """Two attempts at one payload."""
    made = make_run(scripts({}), retry={"maximum_attempts": 2, "initial_interval": 0})
    set_secret(workspace=Workspace.objects.get(slug="acme"), name="key", value=VALUE)
    return made


def kept() -> str:
    """All that the database says of payloads, attempts, log lines and runs."""
    rows: list[Any] = [
        *Payload.objects.values(),
        *Attempt.objects.values(),
        *LogLine.objects.values(),
        *Run.objects.values(),
    ]
    return json.dumps(rows, default=str)


def says(make: Callable[[str], Exception]) -> Callable[[Work], Exception]:
    return lambda work: make(f"tried {work.secret('key')} and {FORMS[1]}")


def test_a_log_line_is_kept_without_it(run: Run, broker: Broker, scripted: ScriptedExecutor) -> None:
    scripted.before = lambda work: work.log("info", f"connecting with {work.secret('key')} ({FORMS[2]})")
    broker.deliver_all()
    assert [line.message for line in LogLine.objects.all()] == ["connecting with *** (***)"]
    assert VALUE not in kept()


def test_a_result_is_kept_without_it_in_keys_too(run: Run, broker: Broker, scripted: ScriptedExecutor) -> None:
    scripted.result = lambda work: {work.secret("key"): [FORMS[1], ("x", VALUE)], "n": 7}
    broker.deliver_all()
    assert Payload.objects.get().result == {"***": ["***", ["x", "***"]], "n": 7}


@pytest.mark.parametrize(
    "error",
    [
        lambda text: PermanentError(text, details={"tried": [text]}),
        lambda text: TransientError(text, details={"tried": [text]}),
        RuntimeError,
    ],
)
def test_an_error_is_kept_without_it(
    run: Run,
    broker: Broker,
    scripted: ScriptedExecutor,
    error: Callable[[str], Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(executor.log, "error", lambda *words, **known: logged.append((words, known)))
    scripted.error = says(error)
    broker.deliver_all()
    assert "tried *** and ***" in str(error_of(run, 0))
    assert not [form for form in FORMS if form in kept() + str(logged)]


def test_what_was_made_of_one_can_be_hidden_too(run: Run, broker: Broker, scripted: ScriptedExecutor) -> None:
    def spell(work: Work) -> str:
        work.hide("a-token-for-an-hour")
        return "it is a-token-for-an-hour"

    scripted.result = spell
    broker.deliver_all()
    assert Payload.objects.get().result == "it is ***"


def test_each_line_of_a_key_is_a_secret(run: Run, broker: Broker, scripted: ScriptedExecutor) -> None:
    lines = ("-----BEGIN PRIVATE KEY-----", "MIGHAgEAMBMGByqGSM49", "short")
    set_secret(workspace=Workspace.objects.get(slug="acme"), name="pem", value="\n".join(lines))
    scripted.result = lambda work: [work.secret("pem")[:7], *lines]
    broker.deliver_all()
    assert Payload.objects.get().result == ["-----BE", "***", "***", "short"]


def test_one_of_three_characters_would_black_out_everything(
    run: Run, broker: Broker, scripted: ScriptedExecutor
) -> None:
    set_secret(workspace=Workspace.objects.get(slug="acme"), name="pin", value="123")
    scripted.result = lambda work: [work.secret("pin"), 1234]
    broker.deliver_all()
    assert Payload.objects.get().result == ["123", 1234]


def test_a_payload_that_would_be_added_with_it_is_refused(run: Run, broker: Broker, scripted: ScriptedExecutor) -> None:
    scripted.before = lambda work: work.extend_payload(
        {"kind": "scripted", "parameters": {"says": [work.secret("key")]}}
    )
    broker.deliver_all()
    assert error_of(run, 0)["code"] == "extend_payload"
    assert VALUE not in kept()


def test_many_lanes_read_them_through_few_connections(run: Run) -> None:
    lanes = 2 * int(connection.settings_dict["OPTIONS"]["pool"]["max_size"])
    all_have_read = threading.Barrier(lanes)

    def read_and_go_on(_: int) -> str:
        secret = with_models(functools.partial(read_secret, workspace_id=run.workspace_id, name="key"))
        all_have_read.wait(timeout=30)
        return secret

    with ThreadPoolExecutor(lanes) as threads:
        assert set(threads.map(read_and_go_on, range(lanes))) == {VALUE}
