"""The commands that look at datasources, empty them and reset them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from jobs import hotpath
from jobs.models import Job, Workspace
from jobs.selectors.datasources import list_states
from tests.integration.datasources import ROWS, Worker, make_datasource, parameters, record_a_load, worker_at
from tests.integration.people import make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    yield worker_at(monkeypatch)
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_datasource(workspace)


def run_command(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


class TestPreview:
    def test_it_prints_columns_and_rows(self, worker: Worker, job: Job) -> None:
        assert json.loads(run_command("preview_datasource", "acme", "datasource:flights", "--rows", 3)) == ROWS
        assert [(seen.verb, seen.rows) for seen in worker.seen] == [("preview", 3)]

    def test_what_went_wrong_ends_it(self, worker: Worker, job: Job) -> None:
        worker.answer = lambda operation: {"error": {"message": "there is no file", "code": "file_missing"}}
        with pytest.raises(CommandError, match="there is no file"):
            run_command("preview_datasource", "acme", "datasource:flights")

    def test_a_payload_that_is_none_is_refused(self, worker: Worker, job: Job) -> None:
        with pytest.raises(
            CommandError, match="payload: there is none at 1: datasource:flights has 1, and 0 is the first"
        ):
            run_command("preview_datasource", "acme", "datasource:flights", "--payload", 1)


class TestValidate:
    def test_it_fails_with_what_is_wrong(self, worker: Worker, job: Job) -> None:
        bad = {"ok": False, "message": "there is no file", "code": "file_missing"}
        worker.answer = lambda operation: {"result": {"valid": False, "source": bad, "destination": {"ok": True}}}
        with pytest.raises(CommandError, match=r"^source: there is no file$"):
            run_command("validate_datasource", "acme", "datasource:flights")

    def test_parameters_need_not_be_saved(self, worker: Worker, workspace: Workspace) -> None:
        worker.answer = lambda operation: {"result": {"valid": True}}
        written = json.dumps(parameters())
        assert json.loads(run_command("validate_datasource", "acme", "--parameters", written)) == {"valid": True}
        assert worker.seen[0].parameters == parameters()

    def test_wrong_parameters_are_told_by_field(self, worker: Worker, workspace: Workspace) -> None:
        with pytest.raises(CommandError, match=r"parameters\.write: expected"):
            run_command("validate_datasource", "acme", "--parameters", json.dumps(parameters() | {"write": "over"}))
        assert worker.seen == []

    @pytest.mark.parametrize("arguments", [[], ["datasource:flights", "--parameters", "{}"]])
    def test_it_takes_a_key_or_parameters(self, worker: Worker, job: Job, arguments: list[str]) -> None:
        with pytest.raises(CommandError, match="expected either"):
            run_command("validate_datasource", "acme", *arguments)


class TestDeleteOutput:
    def test_it_says_what_was_deleted(self, worker: Worker, job: Job) -> None:
        record_a_load(job)
        worker.answer = lambda operation: {"result": {"output": "public.flights", "rows": 9}}
        said = run_command("delete_output", "acme", "datasource:flights")
        assert said == "public.flights: 9 rows deleted\n"
        assert [state.cursor for state in list_states(job=job)] == [None]

    def test_it_waits_for_active_runs(self, worker: Worker, job: Job) -> None:
        make_run(job, "q")
        with pytest.raises(CommandError, match="active run"):
            run_command("delete_output", "acme", "datasource:flights")


class TestState:
    def test_it_is_shown_and_reset(self, job: Job) -> None:
        assert run_command("datasource_state", "acme", "datasource:flights") == ""
        record_a_load(job)
        assert run_command("datasource_state", "acme", "datasource:flights").startswith(
            'flights: "2001-01-05", loaded 20'
        )
        assert run_command("datasource_state", "acme", "datasource:flights", "--reset") == "flights: null\n"

    def test_a_stream_goes_with_reset(self, job: Job) -> None:
        record_a_load(job)
        with pytest.raises(CommandError, match="add --reset"):
            run_command("datasource_state", "acme", "datasource:flights", "--stream", "flights")
        with pytest.raises(CommandError, match="no state of 'x'"):
            run_command("datasource_state", "acme", "datasource:flights", "--reset", "--stream", "x")
        assert [state.cursor for state in list_states(job=job)] == ["2001-01-05"]
