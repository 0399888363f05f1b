"""Operations on datasources in their child process: what they answer, and what they may not touch."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db import IntegrityError

from jobs import dispatch, hotpath
from jobs.models import DatasourceOperation, DatasourceState, Handle, Job, Lane, Verb, Workspace
from jobs.services import datasource_operations as operations
from jobs.services.secrets import set_secret
from tests.integration.datasources import make_datasource, parameters, record_a_load
from tests.integration.run_rows import NOW, make_run
from tests.integration.test_save_job import at_once
from workers.deadline import Deadline
from workers.ingest.preview import MAX_BYTES, first_rows
from workers.ingest.spec import Source
from workers.operations import Asked, perform
from workers.tasks import datasource_operation

pytestmark = pytest.mark.django_db(transaction=True)

FLIGHTS = "day,delay,note\n2001-01-05,7,late\n2001-01-06,-2,\n2001-01-07,0,on time\n"


@pytest.fixture
def folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Open to datasources; what is asked waits for the test to perform it."""
    settings.JOBS_FILE_ROOTS, settings.JOBS_EGRESS_ALLOW = [tmp_path], []
    monkeypatch.setattr(dispatch, "publish_operation", lambda operation_id: None)
    (tmp_path / "flights.csv").write_text(FLIGHTS)
    yield tmp_path
    hotpath.close()


Ask = Callable[..., DatasourceOperation]


@pytest.fixture
def ask(folder: Path, workspace: Workspace) -> Ask:
    """Asks, performs, and gives the operation as it ended."""

    def asking(verb: Verb, asked: Any = None, *, rows: int = 0, work: Asked | None = None) -> DatasourceOperation:
        operation = operations.ask(
            workspace=workspace,
            verb=verb,
            parameters=parameters() if asked is None else asked,
            actor="eve",
            now=dt.datetime.now(dt.UTC),
            rows=rows,
        )
        assert perform(operation_id=operation.pk, work=work)
        operation.refresh_from_db()
        return operation

    return asking


def to_postgresql(**postgresql: Any) -> dict[str, Any]:
    return parameters() | {"destination": {"postgresql": {"schema": "nowhere", "table": "flights"} | postgresql}}


class TestPreview:
    def test_it_shows_the_first_rows_as_they_would_be_loaded_and_loads_nothing(self, ask: Ask, folder: Path) -> None:
        ended = ask(Verb.PREVIEW, rows=2)
        assert ended.error is None
        assert ended.result == {
            "columns": [
                {"name": "day", "type": "DATE"},
                {"name": "delay", "type": "BIGINT"},
                {"name": "note", "type": "VARCHAR"},
            ],
            "rows": [
                {"day": "2001-01-05", "delay": 7, "note": "late"},
                {"day": "2001-01-06", "delay": -2, "note": None},
            ],
            "cut": False,
        }
        assert not (folder / "out.duckdb").exists()

    def test_what_a_run_may_not_read_it_may_not_read(self, ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> None:
        outside = tmp_path_factory.mktemp("outside") / "flights.csv"
        outside.write_text(FLIGHTS)
        ended = ask(Verb.PREVIEW, parameters(path=str(outside)), rows=1)
        assert (ended.result, (ended.error or {})["code"]) == (None, "file_refused")

    def test_an_address_that_is_not_public_is_refused(self, ask: Ask) -> None:
        ended = ask(Verb.PREVIEW, parameters(path="http://127.0.0.1:9/flights.csv"), rows=1)
        assert (ended.error or {})["code"] == "egress_refused"

    def test_a_secret_that_comes_back_in_a_row_is_not_kept(
        self, ask: Ask, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_secret(workspace=workspace, name="key", value="correct-horse/battery")
        echo = {"rows": [{"authorization": "Bearer correct-horse/battery"}]}
        monkeypatch.setattr("workers.operations.run_child", lambda **_: echo)
        source = {"path": "https://example.org/x.json", "auth": {"bearer": {"secret": "key"}}}
        assert ask(Verb.PREVIEW, parameters(source=source), rows=1).result == {
            "rows": [{"authorization": "Bearer ***"}]
        }

    def test_it_ends_in_its_time(self, ask: Ask) -> None:
        ended = ask(Verb.PREVIEW, rows=1, work=Asked(deadline=Deadline(0.0, 0.0)))
        assert (ended.error or {})["code"] == "timeout"


class Silent:
    """A channel that nobody listens to."""

    def log(self, level: str, message: str) -> None:
        """Nothing."""

    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None:
        """Nothing."""


class TestFirstRows:
    """What a preview shows, without the process around it."""

    @pytest.fixture
    def shown(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
        """The preview of a file's text; the working directory is the caller's own, as a child's is."""
        work = tmp_path / "work"
        work.mkdir()
        monkeypatch.chdir(work)

        def showing(text: str, *, rows: int = 10, **source: Any) -> dict[str, Any]:
            (tmp_path / "rows.csv").write_text(text)
            read = Source(paths=[str(tmp_path / "rows.csv")], format="csv", **source)
            return first_rows(read, rows=rows, memory_limit_mb=256, channel=Silent())

        return showing

    def test_fields_and_types_are_applied(self, shown: Callable[..., dict[str, Any]]) -> None:
        told = shown(FLIGHTS, rows=1, fields={"minutes": "delay"}, types={"minutes": "text"})
        assert told["rows"] == [{"minutes": "7"}]

    def test_long_values_are_cut_and_that_is_told(self, shown: Callable[..., dict[str, Any]]) -> None:
        told = shown(f"note\n{'x' * 5000}\n")
        assert (told["cut"], len(told["rows"][0]["note"])) == (True, 1000)

    def test_all_of_them_together_stay_within_bounds(self, shown: Callable[..., dict[str, Any]]) -> None:
        columns = ",".join(f"c{number}" for number in range(20))
        told = shown("\n".join([columns, *([",".join(["x" * 1000] * 20)] * 60)]), rows=60)
        assert told["cut"] is True
        assert 20 <= len(told["rows"]) < 60
        assert len(json.dumps(told["rows"])) <= MAX_BYTES

    def test_every_value_can_be_kept(self, shown: Callable[..., dict[str, Any]]) -> None:
        told = shown("at,n,big\n2001-01-05 10:00:00,inf,12345678901234567890123\n", types={"n": "double"})
        assert told["rows"] == [{"at": "2001-01-05T10:00:00", "n": "inf", "big": told["rows"][0]["big"]}]
        json.dumps(told, allow_nan=False)


class TestValidate:
    def test_what_can_be_read_and_written_is_valid(self, ask: Ask, folder: Path) -> None:
        result = ask(Verb.VALIDATE).result or {}
        assert result["valid"] is True
        assert [column["name"] for column in result["source"]["columns"]] == ["day", "delay", "note"]
        assert result["destination"] == {"ok": True, "output": "flights", "exists": False, "columns": {}}
        assert not (folder / "out.duckdb").exists()
        assert "late" not in str(result), "rows are nobody's business here"

    def test_each_side_tells_its_own_trouble(self, ask: Ask, workspace: Workspace, settings: Any) -> None:
        settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
        url = "postgresql://ann:hush-hush@127.0.0.1:1/warehouse"
        set_secret(workspace=workspace, name="WAREHOUSE", value=url)
        asked = to_postgresql(url_secret="WAREHOUSE") | {"source": {"path": "gone.csv"}}
        ended = ask(Verb.VALIDATE, asked)
        result = ended.result or {}
        assert (result["valid"], result["source"]["code"]) == (False, "file_missing")
        assert (result["destination"]["ok"], result["destination"]["code"]) == (False, "destination")
        assert "hush-hush" not in str(result)
        settings.JOBS_EGRESS_ALLOW = []
        assert (ask(Verb.VALIDATE, asked).result or {})["destination"]["code"] == "egress_refused"

    def test_a_secret_that_is_not_there_is_the_destinations_trouble(self, ask: Ask) -> None:
        result = ask(Verb.VALIDATE, to_postgresql(url_secret="WAREHOUSE")).result or {}
        assert (result["source"]["ok"], result["destination"]["code"]) == (True, "secret")

    def test_this_systems_own_database_is_closed_unless_it_was_opened(self, ask: Ask, settings: Any) -> None:
        own = to_postgresql(database="default")
        assert (ask(Verb.VALIDATE, own).result or {})["destination"]["code"] == "destination_refused"
        settings.JOBS_DATASOURCE_OWN_DATABASE = True
        assert (ask(Verb.VALIDATE, own).result or {})["destination"]["ok"] is True


class TestDeleteOutput:
    def test_it_empties_the_table(self, ask: Ask, folder: Path) -> None:
        with duckdb.connect(str(folder / "out.duckdb")) as connection:
            connection.execute("CREATE TABLE flights AS SELECT range FROM range(7)")
        (folder / "flights.csv").unlink()  # The source has no part in it.
        assert ask(Verb.DELETE_OUTPUT).result == {"output": "flights", "rows": 7}

    @pytest.fixture
    def job(self, workspace: Workspace, folder: Path) -> Job:
        """It has loaded a file."""
        to_files = parameters() | {"destination": {"files": {"path": "out.jsonl"}}}
        made = make_datasource(workspace, "flights", {"kind": "datasource", "name": "flights", "parameters": to_files})
        (folder / "out.jsonl").write_text("{}\n")
        record_a_load(made)
        return made

    def delete(self, job: Job) -> DatasourceOperation:
        now = dt.datetime.now(dt.UTC)
        operation = operations.ask_to_delete(about=operations.choose(job=job, place=None), actor="eve", now=now)
        assert perform(operation_id=operation.pk)
        operation.refresh_from_db()
        return operation

    def test_a_load_that_has_begun_since_goes_first(self, job: Job, folder: Path) -> None:
        run = make_run(job, "s")
        lane = Lane.objects.create(run=run, slot=0, worker="w", high=1, leased_at=NOW, lease_expires_at=NOW)
        data = {"stream": "acme/datasource:flights/flights", "turn": "theirs"}
        Handle.objects.create(run=run, position=0, lane=lane.pk, kind="datasource", data=data)
        assert (self.delete(job).error or {})["code"] == "busy"
        assert (folder / "out.jsonl").exists()
        assert DatasourceState.objects.get().cursor == "2001-01-05"
        lane.delete()  # its handle is left to the sweep
        assert self.delete(job).error is None

    def test_when_its_worker_dies_after_it_the_next_load_begins_at_the_beginning(
        self, job: Job, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(**ended: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(operations, "end", die)
        with pytest.raises(KeyboardInterrupt):
            self.delete(job)
        assert not (folder / "out.jsonl").exists()
        assert DatasourceState.objects.get().cursor is None

    def test_one_that_is_refused_leaves_the_state(self, job: Job, folder: Path) -> None:
        before = DatasourceState.objects.values().get()
        (folder / "out.jsonl").unlink()
        destination = {"duckdb": {"path": "out.duckdb", "table": "flights"}}
        job.payload[0]["parameters"]["destination"] = destination
        (folder / "out.duckdb").write_text("this is no database" * 1000)
        assert self.delete(job).error is not None
        assert DatasourceState.objects.values().get() == before

    def test_what_a_run_may_not_write_it_may_not_delete(self, ask: Ask, folder: Path) -> None:
        asked = parameters() | {"destination": {"duckdb": {"path": "/elsewhere/out.duckdb", "table": "flights"}}}
        assert (ask(Verb.DELETE_OUTPUT, asked).error or {})["code"] == "file_refused"


class TestTaking:
    def asked(self, workspace: Workspace) -> DatasourceOperation:
        now = dt.datetime.now(dt.UTC)
        return operations.ask(
            workspace=workspace, verb=Verb.PREVIEW, parameters=parameters(), actor="eve", now=now, rows=1
        )

    def test_of_many_workers_one_does_it(self, folder: Path, workspace: Workspace) -> None:
        operation, now = self.asked(workspace), dt.datetime.now(dt.UTC)
        taken = at_once(*[lambda: operations.take(operation_id=operation.pk, now=now)] * 4)
        assert len([one for one in taken if one is not None]) == 1

    def test_the_task_does_it_once(self, folder: Path, workspace: Workspace) -> None:
        operation = self.asked(workspace)
        datasource_operation(operation=operation.pk, something_newer=1)
        operation.refresh_from_db()
        first = operation.ended_at
        datasource_operation(operation=operation.pk)
        operation.refresh_from_db()
        assert (operation.ended_at, operation.error) == (first, None)

    def test_what_is_gone_or_has_expired_is_left_alone(self, folder: Path, workspace: Workspace) -> None:
        operation = self.asked(workspace)
        DatasourceOperation.objects.update(expires_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        assert not perform(operation_id=operation.pk)
        assert not perform(operation_id=operation.pk + 1)

    def test_an_end_is_written_once(self, folder: Path, workspace: Workspace) -> None:
        operation, now = self.asked(workspace), dt.datetime.now(dt.UTC)
        operations.take(operation_id=operation.pk, now=now)
        operations.end(operation=operation, now=now, result={"rows": 1})
        operations.end(operation=operation, now=now, error={"message": "late", "code": "late"})
        operation.refresh_from_db()
        assert (operation.result, operation.error) == ({"rows": 1}, None)


class TestWhatTheDatabaseRefuses:
    def row(self, workspace: Workspace, **parts: Any) -> None:
        now = dt.datetime.now(dt.UTC)
        about: dict[str, Any] = {
            "workspace": workspace,
            "verb": Verb.PREVIEW,
            "parameters": {},
            "actor": "eve",
            "expires_at": now,
        }
        DatasourceOperation.objects.create(**about | parts)

    def test_a_verb_that_no_worker_knows(self, workspace: Workspace) -> None:
        with pytest.raises(IntegrityError, match="datasource_operation_verb"):
            self.row(workspace, verb="guess")

    @pytest.mark.parametrize(
        ("has_ended", "answers"),
        [(False, ["result"]), (False, ["error"]), (True, []), (True, ["result", "error"])],
    )
    def test_an_answer_without_its_end_an_end_without_its_answer_and_two_answers(
        self, workspace: Workspace, has_ended: bool, answers: list[str]
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        ended: dict[str, Any] = {
            "taken_at": now,
            "ended_at": now if has_ended else None,
            **{name: {} for name in answers},
        }
        with pytest.raises(IntegrityError, match="datasource_operation_fits"):
            self.row(workspace, **ended)
