"""A datasource payload in its run: one run of it at a time, and its state from run to run."""

from __future__ import annotations

import datetime as dt
import functools
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobs.errors import LookAgain
from jobs.models import DatasourceOperation, DatasourceState, Handle, Job, Lane, RejectedRow, Run, Workspace
from jobs.services.datasource_operations import end
from jobs.services.datasource_state import reset_state
from tests.integration.child_work import Recorder
from tests.integration.datasources import make_datasource
from tests.integration.run_rows import NOW, make_run
from workers import handles
from workers.payloads import EXECUTORS
from workers.payloads.datasource.turn import HANDLE

STREAM = "test/datasource:test/payload 0"

Perform = Callable[..., dict[str, Any]]


@pytest.fixture
def job(db: None) -> Job:
    workspace = Workspace.objects.create(slug="test")
    return make_datasource(workspace, "test", {"kind": "datasource", "parameters": parameters()})


@pytest.fixture
def perform(job: Job, settings: Any, tmp_path: Path) -> Perform:
    """Performs an attempt of a run of its own, as a lane would; the source has the rows that are given."""
    settings.JOBS_FILE_ROOTS = [tmp_path]

    def performing(
        *rows: dict[str, Any], waited: float | None = None, remaining: float = 30.0, **parts: Any
    ) -> dict[str, Any]:
        (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        run = make_run(job, "s")
        lane = take_lane(run)
        work = Recorder().work(
            parameters=parameters(**parts),
            run_id=run.pk,
            keep_handle=functools.partial(handles.keep, run.pk, 0, lane.pk),
            **({} if waited is None else looking(waited, remaining)),
        )
        return dict(EXECUTORS["datasource"].perform(work))

    return performing


def parameters(**parts: Any) -> dict[str, Any]:
    return {
        "source": {"path": "rows.jsonl"},
        "destination": {"duckdb": {"path": "out.duckdb", "table": "t"}},
        "write": "append",
        "cursor": {"column": "at"},
    } | parts


def looking(waited: float, remaining: float) -> dict[str, Any]:
    """An attempt that has waited for its turn."""
    return {"state": {"waits_for": "run 1"}, "used_seconds": waited, "remaining_seconds": remaining}


def take_lane(run: Run) -> Lane:
    return Lane.objects.create(run=run, slot=0, worker="w", high=1, leased_at=NOW, lease_expires_at=NOW)


def take_turn(run: Run, lane: int, stream: str = STREAM) -> None:
    data = {"stream": stream, "turn": str(uuid.uuid4())}
    Handle.objects.create(run=run, position=0, lane=lane, kind=HANDLE, data=data)


def deletion(job: Job, **other: Any) -> DatasourceOperation:
    """One that a worker has taken."""
    values = {
        "workspace": job.workspace,
        "verb": "delete_output",
        "job_key": job.key,
        "stream": "payload 0",
        "parameters": {},
        "actor": "eve",
        "taken_at": dt.datetime.now(dt.UTC),
        "expires_at": dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2),
    }
    return DatasourceOperation.objects.create(**values | other)


def stored(folder: Path, name: str = "out.duckdb") -> list[Any]:
    with duckdb.connect(str(folder / name), read_only=True) as connection:
        return sorted(row[0] for row in connection.execute("SELECT id FROM t").fetchall())


@pytest.mark.django_db(transaction=True)
class TestOneAtATime:
    def test_while_another_run_has_its_turn_nothing_is_loaded(self, perform: Perform, job: Job, tmp_path: Path) -> None:
        other = make_run(job)
        take_turn(other, take_lane(other).pk)
        with pytest.raises(LookAgain) as caught:
            perform({"id": 1, "at": 1})
        assert caught.value.state == {"waits_for": f"run {other.pk} of this datasource is under way"}
        assert not (tmp_path / "out.duckdb").exists()
        assert [turn.run_id for turn in Handle.objects.all()] == [other.pk]

    @pytest.mark.parametrize(("waited", "soonest", "latest"), [(0, 2, 3), (60, 12, 18), (3000, 15, 22.5)])
    def test_who_has_waited_longer_looks_less_often(
        self, perform: Perform, job: Job, waited: float, soonest: float, latest: float
    ) -> None:
        other = make_run(job)
        take_turn(other, take_lane(other).pk)
        with pytest.raises(LookAgain) as caught:
            perform({"id": 1, "at": 1}, waited=waited)
        assert soonest <= caught.value.seconds <= latest

    def test_two_that_gave_way_to_each_other_do_not_meet_again(self, perform: Perform, job: Job) -> None:
        other = make_run(job)
        take_turn(other, take_lane(other).pk)
        waits = []
        for _ in range(2):
            with pytest.raises(LookAgain) as caught:
                perform({"id": 1, "at": 1})
            waits.append(caught.value.seconds)
        assert waits[0] != waits[1]

    def test_who_has_waited_has_a_whole_timeout_from_his_turn(self, perform: Perform, tmp_path: Path) -> None:
        perform({"id": 1, "at": 1}, waited=3600.0, remaining=0.0)
        assert stored(tmp_path) == [1]

    def test_a_turn_of_another_datasource_is_none_of_ours(self, perform: Perform, job: Job, tmp_path: Path) -> None:
        other = make_run(job)
        take_turn(other, take_lane(other).pk, stream="test/datasource:another/payload 0")
        perform({"id": 1, "at": 1})
        assert stored(tmp_path) == [1]

    def test_a_turn_whose_lane_is_gone_is_over(self, perform: Perform, job: Job, tmp_path: Path) -> None:
        take_turn(make_run(job), 4711)
        perform({"id": 1, "at": 1})
        assert stored(tmp_path) == [1]

    def test_while_its_output_is_deleted_nothing_is_loaded(self, perform: Perform, job: Job, tmp_path: Path) -> None:
        perform({"id": 1, "at": 1})
        operation = deletion(job)
        with pytest.raises(LookAgain) as caught:
            perform({"id": 2, "at": 2})
        assert caught.value.state == {"waits_for": "the output of this datasource is being deleted"}
        assert stored(tmp_path) == [1]
        assert not Handle.objects.exists()
        end(operation=operation, now=NOW, error={})
        perform({"id": 2, "at": 2})
        assert stored(tmp_path) == [1, 2]

    @pytest.mark.parametrize(
        "other",
        [
            {"taken_at": None},
            {"stream": "other"},
            {"job_key": "datasource:other"},
            {"verb": "preview"},
            {"expires_at": NOW},
        ],
    )
    def test_a_deletion_elsewhere_or_one_that_nobody_does_is_waited_for_by_none(
        self, perform: Perform, job: Job, tmp_path: Path, other: dict[str, Any]
    ) -> None:
        deletion(job, **other)
        perform({"id": 1, "at": 1})
        assert stored(tmp_path) == [1]

    def test_nothing_is_left_of_a_turn(self, perform: Perform) -> None:
        perform({"id": 1, "at": 1})
        assert not Handle.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestState:
    def test_the_next_run_begins_where_the_last_one_ended(self, perform: Perform, tmp_path: Path) -> None:
        perform({"id": 1, "at": 1}, {"id": 2, "at": 2})
        assert DatasourceState.objects.get().cursor == {"type": "BIGINT", "value": "2"}
        result = perform({"id": 2, "at": 2}, {"id": 3, "at": 3})
        assert result["cursor"] == {"column": "at", "from": "2", "to": "3"}
        assert stored(tmp_path) == [1, 2, 3]
        assert not {name for name in result if name.startswith("_")}

    def test_when_the_second_commit_is_lost_the_destination_is_believed(self, perform: Perform, tmp_path: Path) -> None:
        perform({"id": 1, "at": 1})
        DatasourceState.objects.update(cursor=None, load_key="", loaded_at=None)
        perform({"id": 1, "at": 1}, {"id": 2, "at": 2})
        assert stored(tmp_path) == [1, 2]

    def test_another_destination_begins_at_the_beginning_also_where_its_table_was_made_before(
        self, perform: Perform, tmp_path: Path
    ) -> None:
        with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
            connection.execute("CREATE TABLE t (id BIGINT)")
        perform({"id": 1, "at": 1})
        perform({"id": 1, "at": 1}, {"id": 2, "at": 2}, destination={"duckdb": {"path": "other.duckdb", "table": "t"}})
        assert stored(tmp_path, "other.duckdb") == [1, 2]
        perform({"id": 1, "at": 1}, {"id": 2, "at": 2})
        assert stored(tmp_path) == [1, 2]

    def test_files_in_another_folder_begin_at_the_beginning_too(self, perform: Perform, tmp_path: Path) -> None:
        rows = [{"id": 1, "at": 1}, {"id": 2, "at": 2}]
        for folder in ("first", "second"):
            (tmp_path / folder).mkdir()
            sizes = [
                perform(*rows, destination={"files": {"path": f"{folder}/t.jsonl"}})["rows"]["output"] for _ in "12"
            ]
            assert sizes == [2, 0]

    def test_after_a_reset_everything_is_loaded_again(self, perform: Perform, job: Job, tmp_path: Path) -> None:
        perform({"id": 1, "at": 1})
        reset_state(job=job, actor="test")
        perform({"id": 1, "at": 1})
        assert stored(tmp_path) == [1, 1]

    def test_rejected_rows_are_kept_with_the_run(self, perform: Perform, tmp_path: Path) -> None:
        result = perform(
            {"id": 1, "at": 1},
            {"id": "x", "at": 2},
            source={"path": "rows.jsonl", "types": {"id": "bigint"}},
            rejected={"maximum": 1},
        )
        assert result["rows"]["failed"] == 1
        (rejected,) = RejectedRow.objects.all()
        assert (rejected.number, rejected.reason) == (2, "column id: the value is no bigint")
        assert stored(tmp_path) == [1]
