"""What holds of every payload kind. A kind joins with an adapter: see tests/conformance/adapters."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from jobs import kinds
from jobs.models import Attempt, Handle, Lane, LogLine, Requeued, Run
from jobs.services.control import terminate_run
from tests.conformance.adapter import SCENARIOS, Adapter
from tests.conformance.adapters import ADAPTERS
from tests.conformance.engine import PATIENCE_SECONDS, Engine, every_row, payload_of, until
from tests.integration.child_work import Recorder, is_running
from workers.child_intake import MAX_LOG_LINES
from workers.payloads import EXECUTORS

SECRET = "hunter2/with+odd=characters&more"
FORMS = (
    SECRET,
    quote(SECRET, safe=""),
    quote_plus(SECRET),
    json.dumps(SECRET)[1:-1],
    base64.b64encode(SECRET.encode()).decode(),
    base64.b64encode(f"me:{SECRET}".encode()).decode(),
)


def of_every_kind(*scenarios: str) -> pytest.MarkDecorator:
    """Run a test against each kind that has these scenarios."""
    return against([adapter for adapter in ADAPTERS if not set(scenarios) & adapter.without.keys()])


def without(scenario: str) -> pytest.MarkDecorator:
    """Run a test against each kind that has no such scenario."""
    return against([adapter for adapter in ADAPTERS if scenario in adapter.without])


def against(adapters: Sequence[type[Adapter]]) -> pytest.MarkDecorator:
    """Run a test against each of these."""
    return pytest.mark.parametrize("adapter", adapters, indirect=True, ids=[adapter.kind for adapter in adapters])


def perform(adapter: Adapter, recorder: Recorder) -> None:
    """Make an attempt that succeeds, outside any run."""
    EXECUTORS[adapter.kind].perform(recorder.work(parameters=adapter.success().parameters))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def ended(run: Run) -> tuple[str, str, int]:
    """The states of the run and of its payload, and how many attempts were made."""
    run.refresh_from_db()
    payload = payload_of(run)
    return run.state, payload.state, payload.attempts


def failures(run: Run) -> list[tuple[str, str]]:
    """The attempts that did not succeed: their states and the codes of their errors."""
    return [(attempt.state, attempt.error["code"]) for attempt in Attempt.objects.filter(run=run).order_by("number")]


class TestEveryKind:
    def test_has_an_adapter(self) -> None:
        assert {adapter.kind for adapter in ADAPTERS} == set(EXECUTORS)

    @pytest.mark.parametrize("kind", ADAPTERS, ids=[adapter.kind for adapter in ADAPTERS])
    def test_has_each_case_or_a_reason_why_not(self, kind: type[Adapter]) -> None:
        assert kind.without.keys() <= set(SCENARIOS)
        made = {name for name in SCENARIOS if getattr(kind, name) is not getattr(Adapter, name)}
        assert made | kind.without.keys() == set(SCENARIOS)
        assert not made & kind.without.keys()


@of_every_kind()
def test_success_is_kept_with_its_result(adapter: Adapter, engine: Engine) -> None:
    case = adapter.success()
    run = engine.start(case)
    engine.work(run)
    assert ended(run) == ("succeeded", "succeeded", 1)
    assert case.holds(payload_of(run).result)
    assert failures(run) == []


@of_every_kind("transient")
def test_a_failure_that_may_pass_is_tried_again(adapter: Adapter, engine: Engine) -> None:
    case = adapter.transient()
    run = engine.start(case, maximum_attempts=3, initial_interval="1h")
    engine.work(run)
    assert Requeued.objects.get(run=run).attempts == 1
    case.mend()
    engine.try_again(run)
    assert ended(run) == ("succeeded", "succeeded", 2)
    ((state, code),) = failures(run)
    assert state == "failed"
    assert code not in ("", "crash", "unexpected")


@of_every_kind("permanent")
def test_a_failure_that_would_stay_is_not(adapter: Adapter, engine: Engine) -> None:
    run = engine.start(adapter.permanent(), maximum_attempts=3)
    engine.work(run)
    assert ended(run) == ("failed", "failed", 1)
    ((_, code),) = failures(run)
    assert code not in ("", "crash", "unexpected")


@of_every_kind("slow")
def test_what_takes_longer_than_it_may_is_stopped(adapter: Adapter, engine: Engine) -> None:
    run = engine.start(adapter.slow(), timeout="1500ms")
    engine.work(run)
    assert ended(run) == ("failed", "failed", 1)
    assert failures(run) == [("failed", "timeout")]
    assert (engine.family(), Handle.objects.count()) == ([], 0)


@of_every_kind("slow")
def test_what_is_at_work_when_its_run_is_terminated_is_stopped(adapter: Adapter, engine: Engine) -> None:
    case = adapter.slow()
    run = engine.start(case, maximum_attempts=3)
    working = engine.work_in_thread(run, case)
    terminate_run(run=run, actor="test")
    engine.beat()
    working.result(timeout=PATIENCE_SECONDS)
    assert ended(run) == ("cancelled", "cancelled", 1)
    assert (engine.family(), Handle.objects.count()) == ([], 0)


@of_every_kind("slow")
def test_when_its_worker_is_killed_it_is_tried_again(adapter: Adapter, engine: Engine) -> None:
    case = adapter.slow()
    run = engine.start(case, maximum_attempts=3, initial_interval="1h")
    worker = engine.work_in_process(run, case)
    family = engine.family()
    assert worker.pid in family
    assert adapter.in_child == (len(family) > 1)
    worker.kill()
    worker.wait()
    until(lambda: not any(is_running(pid) for pid in family))
    case.mend()
    engine.bury_the_lost()
    engine.work(run)
    assert ended(run) == ("succeeded", "succeeded", 2)
    assert [state for state, _ in failures(run)] == ["lost"]
    assert Handle.objects.count() == 0


@of_every_kind("progress")
def test_how_far_it_is_can_be_read_while_it_runs(adapter: Adapter, engine: Engine) -> None:
    case = adapter.progress()
    run = engine.start(case)
    working = engine.work_in_thread(run, case)

    def shown() -> Any:
        engine.beat()
        return Lane.objects.values_list("progress", flat=True).first()

    until(lambda: shown() is not None)
    assert shown().keys() == {"current", "total", "unit", "rate", "expected_end_at"}
    assert shown()["unit"]
    case.mend()
    working.result(timeout=PATIENCE_SECONDS)
    assert ended(run) == ("succeeded", "succeeded", 1)


@of_every_kind("logs")
def test_what_it_says_is_kept_with_level_and_time(adapter: Adapter, engine: Engine) -> None:
    run = engine.start(adapter.logs())
    engine.work(run)
    run.refresh_from_db()
    lines = list(LogLine.objects.filter(run=run).order_by("pk"))
    assert 0 < len(lines) <= MAX_LOG_LINES + 1
    assert {line.level for line in lines} <= {"debug", "info", "warning", "error"}
    assert {(line.position, line.attempt) for line in lines} == {(0, 1)}
    assert run.started_at is not None
    assert run.ended_at is not None
    assert all(run.started_at <= line.at <= run.ended_at for line in lines)


@of_every_kind("logs", "slow")
def test_what_it_says_can_be_read_while_it_runs(adapter: Adapter, engine: Engine) -> None:
    case = adapter.slow()
    run = engine.start(case)
    working = engine.work_in_thread(run, case)

    def is_read() -> bool:
        engine.beat()
        return LogLine.objects.filter(run=run).exists()

    until(is_read)
    case.mend()
    working.result(timeout=PATIENCE_SECONDS)


@of_every_kind("large")
def test_a_result_that_is_too_large_is_refused_for_good(adapter: Adapter, engine: Engine) -> None:
    case = adapter.large()
    run = engine.start(case, maximum_attempts=3)
    engine.work(run)
    assert ended(run) == ("failed", "failed", 1)
    assert failures(run)[0][1] in ("result_too_large", "result_size", "output_size")
    assert payload_of(run).result is None
    assert case.holds(None)


@of_every_kind("secret")
def test_a_secret_is_in_nothing_that_is_kept_or_logged(
    adapter: Adapter, engine: Engine, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for case in adapter.secret(SECRET):
        run = engine.start(case)
        engine.work(run)
        assert case.holds(payload_of(run).result)
    printed = "".join(capfd.readouterr())
    kept = every_row()
    for form in FORMS:
        beginning = form[:8]  # whoever cuts a text does so after it was masked
        assert beginning not in kept
        assert beginning not in caplog.text
        assert beginning not in printed


class TestWhatAKindIsWithout:
    """The reasons that adapters give."""

    @without("logs")
    def test_it_says_nothing_on_its_way(self, adapter: Adapter, recorder: Recorder) -> None:
        perform(adapter, recorder)
        assert recorder.lines == []

    @without("progress")
    def test_it_never_tells_how_far_it_is(self, adapter: Adapter, recorder: Recorder) -> None:
        perform(adapter, recorder)
        assert recorder.progress == []

    @without("secret")
    def test_its_parameters_name_no_secrets(self, adapter: Adapter) -> None:
        kind = kinds.get(adapter.kind)
        assert kind is not None
        assert kind.secrets is kinds.no_secrets

    @without("large")
    def test_its_result_is_small(self, adapter: Adapter, engine: Engine) -> None:
        run = engine.start(adapter.success())
        engine.work(run)
        assert len(json.dumps(payload_of(run).result)) < 1000
