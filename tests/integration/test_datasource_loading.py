"""A datasource payload in its child process: exact rows, however often it is tried and wherever it dies."""

# ruff: noqa: PLR0917 - a test's parameters are its fixtures, and come by name

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import psycopg
import pytest
import yaml
from django.db import connections

from jobs.errors import PermanentError, TransientError
from jobs.models import Run, Workspace
from tests.integration.child_work import Recorder, children_of, is_running, wait_for
from workers.payloads import EXECUTORS
from workers.payloads.datasource.connections import own

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DATA = EXAMPLES / "data"
Perform = Callable[..., dict[str, Any]]


@pytest.fixture
def conninfo(db: None) -> str:
    return own(connections["default"].settings_dict, allowed=True)


@pytest.fixture
def schema(conninfo: str) -> Iterator[str]:
    name = f"loading_{uuid.uuid4().hex[:8]}"
    yield name
    with psycopg.connect(conninfo) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def query(conninfo: str) -> Iterator[Callable[..., Any]]:
    """Asks PostgreSQL on a connection of its own, each statement in its own transaction."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield lambda statement, *values: connection.execute(statement, values).fetchall()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.JOBS_FILE_ROOTS = [DATA, tmp_path]
    settings.JOBS_DATASOURCE_OWN_DATABASE = True
    return tmp_path


@pytest.fixture
def perform(folder: Path, schema: str, recorder: Recorder) -> Perform:
    """Performs one attempt at loading a file into ``t`` of the test's schema."""

    def performing(
        path: Path | str, *, write: str = "replace", contract: str = "evolve", **work: Any
    ) -> dict[str, Any]:
        parameters = {
            "source": {"path": str(path)},
            "destination": {"postgresql": {"database": "default", "schema": schema, "table": "t"}},
            "write": write,
            "contract": contract,
        }
        return dict(EXECUTORS["datasource"].perform(recorder.work(parameters=parameters, **work)))

    return performing


@pytest.fixture
def numbers(folder: Path) -> Callable[..., Path]:
    """Writes a CSV file with one column of the numbers from ``first``."""

    def writing(count: int, *, first: int = 0) -> Path:
        path = folder / f"numbers-{first}-{count}.csv"
        path.write_text("n\n" + "".join(f"{n}\n" for n in range(first, first + count)))
        return path

    return writing


@pytest.fixture
def run_row(db: None) -> Run:
    return Run.objects.create(
        workspace=Workspace.objects.create(slug="test"),
        job_key="datasource:test",
        snapshot={},
        state="pending",
        wake_at="2026-01-01T00:00Z",
    )


@pytest.fixture
def held(conninfo: str, schema: str) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Holds the test's table in a lock mode, so that a load waits in the middle for as long as a test likes."""
    connection = psycopg.connect(conninfo)
    with connection:

        def holding(mode: str) -> psycopg.Connection:
            connection.execute(f"LOCK TABLE {schema}.t IN {mode} MODE")
            return connection

        yield holding


@pytest.fixture
def in_background(perform: Perform, recorder: Recorder) -> Iterator[Callable[..., Future[dict[str, Any]]]]:
    with ThreadPoolExecutor(2) as pool:
        yield lambda *args, **named: pool.submit(perform, *args, **named)
        recorder.cancelled.set()


def counted(name: str) -> int:
    """The records of an example file, counted without the code under test."""
    if name.endswith(".json"):
        return len(json.loads((DATA / name).read_text())["features"])
    with (DATA / name).open(newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def waiting(query: Callable[..., Any], number: int = 1) -> bool:
    """Whether so many loads wait for a lock. The test's database is its own, so there are no others."""
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'jobs-datasource' "
        "AND wait_event_type = 'Lock' AND datname = current_database()"
    )
    return bool(query(question)[0][0] == number)


class TestExamples:
    @pytest.mark.parametrize(
        "job", yaml.safe_load((EXAMPLES / "datasources.yaml").read_text()), ids=lambda job: job["key"]
    )
    def test_each_loads_as_many_rows_as_its_file_has(
        self, job: dict[str, Any], folder: Path, schema: str, recorder: Recorder, query: Any
    ) -> None:
        parameters = job["payload"][0]["parameters"]
        destination = parameters["destination"]
        if "postgresql" in destination:
            destination["postgresql"]["schema"] = schema
        else:
            destination["duckdb"]["path"] = str(folder / destination["duckdb"]["path"])
        result = EXECUTORS["datasource"].perform(recorder.work(parameters=parameters))
        expected = counted(job["metadata"]["expect"]["rows"][0]["file"])
        assert (result["rows"]["input"], result["rows"]["output"]) == (expected, expected)
        assert rows_in(destination, query) == expected

    def test_the_values_of_an_earthquake_are_the_files(
        self, folder: Path, schema: str, recorder: Recorder, query: Any
    ) -> None:
        job = yaml.safe_load((EXAMPLES / "datasources.yaml").read_text())[0]
        parameters = job["payload"][0]["parameters"]
        parameters["destination"]["postgresql"]["schema"] = schema
        EXECUTORS["datasource"].perform(recorder.work(parameters=parameters))
        features = json.loads((DATA / "earthquakes.json").read_text())["features"]
        stored = query(
            "SELECT id, magnitude, place, extract(epoch FROM happened_at) * 1000, longitude, latitude, depth_km, geometry "
            f"FROM {schema}.earthquakes"
        )
        assert sorted(stored, key=lambda row: row[0]) == sorted(
            (as_stored(f) for f in features), key=lambda row: row[0]
        )

    def test_the_log_tells_what_was_read_and_the_progress_how_far(self, perform: Perform, recorder: Recorder) -> None:
        perform("flights.csv")
        texts = [text for _, text in recorder.lines]
        assert texts[0] == "reading flights.csv as csv, 664906 bytes"
        assert texts[1].startswith("5 columns: date TIMESTAMP, delay BIGINT")
        assert texts[2] == "made the table"
        assert texts[3].startswith("20000 rows into ")
        assert recorder.progress == [{"current": 20000, "total": None, "unit": "rows"}]


class TestReplace:
    def test_readers_see_the_old_rows_or_the_new_ones(
        self, perform: Perform, numbers: Any, conninfo: str, schema: str
    ) -> None:
        perform(numbers(1000))
        seen: set[tuple[int, int]] = set()
        stop = threading.Event()

        def reading() -> None:
            with psycopg.connect(conninfo, autocommit=True) as connection:
                while not stop.is_set():
                    row = connection.execute(f"SELECT count(*), min(n) FROM {schema}.t").fetchone()
                    assert row is not None
                    seen.add((row[0], row[1]))

        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(reading) for _ in range(3)]
            try:
                for first, count in ((5000, 3000), (0, 1000), (5000, 3000)):
                    perform(numbers(count, first=first))
            finally:
                stop.set()
            for reader in readers:
                reader.result()
        assert seen == {(1000, 0), (3000, 5000)}

    def test_a_killed_load_changes_nothing_and_the_next_attempt_is_exact(
        self, perform: Perform, numbers: Any, in_background: Any, held: Any, query: Any, schema: str
    ) -> None:
        perform(numbers(1000))
        holder = held("ACCESS SHARE")
        loading = in_background(numbers(50_000, first=7))
        wait_for(lambda: waiting(query))
        os.kill(the_child(), signal.SIGKILL)
        with pytest.raises(TransientError, match="was ended by SIGKILL"):
            loading.result(timeout=20)
        holder.rollback()
        assert query(f"SELECT count(*), min(n) FROM {schema}.t") == [(1000, 0)]
        wait_for(lambda: tables_of(query, schema) == ["t"])
        perform(numbers(50_000, first=7))
        assert query(f"SELECT count(*), count(DISTINCT n), min(n) FROM {schema}.t") == [(50_000, 50_000, 7)]
        assert tables_of(query, schema) == ["t"]

    def test_readers_are_let_by_while_it_waits_for_a_long_one(
        self, perform: Perform, numbers: Any, in_background: Any, held: Any, query: Any, schema: str
    ) -> None:
        perform(numbers(1000))
        holder = held("ACCESS SHARE")
        loading = in_background(numbers(2000))
        wait_for(lambda: waiting(query))
        assert query(f"SELECT count(*) FROM {schema}.t") == [(1000,)]
        assert not loading.done()
        holder.rollback()
        assert loading.result(timeout=30)["rows"]["output"] == 2000
        assert query(f"SELECT count(*) FROM {schema}.t") == [(2000,)]

    def test_two_loads_into_one_table_follow_each_other(
        self, perform: Perform, numbers: Any, in_background: Any, held: Any, query: Any, schema: str
    ) -> None:
        perform(numbers(10))
        holder = held("ACCESS SHARE")
        both = [in_background(numbers(2000, first=first)) for first in (0, 100_000)]
        wait_for(lambda: waiting(query, 2))
        holder.rollback()
        assert [loading.result(timeout=30)["rows"]["output"] for loading in both] == [2000, 2000]
        assert query(f"SELECT count(*) FROM {schema}.t") == [(2000,)]

    def test_bad_data_leaves_the_table_as_it_was(
        self, perform: Perform, numbers: Any, folder: Path, query: Any, schema: str
    ) -> None:
        perform(numbers(10))
        (folder / "bad.csv").write_text("n\n" + "1\n" * 30_000 + "x\n")
        with pytest.raises(PermanentError, match=r"Line: 30002 .*column \"n\""):
            perform(folder / "bad.csv")
        assert query(f"SELECT count(*) FROM {schema}.t") == [(10,)]

    def test_a_table_that_others_depend_on_is_not_dropped_from_under_them(
        self, perform: Perform, numbers: Any, conninfo: str, query: Any, schema: str
    ) -> None:
        perform(numbers(10))
        with psycopg.connect(conninfo) as connection:
            connection.execute(f"CREATE VIEW {schema}.v AS SELECT n FROM {schema}.t")
        with pytest.raises(PermanentError, match="other objects depend on it"):
            perform(numbers(20))
        assert query(f"SELECT count(*) FROM {schema}.v") == [(10,)]


class TestAppend:
    def test_rows_are_added_once_for_a_payload_of_a_run(
        self, perform: Perform, numbers: Any, run_row: Run, query: Any, schema: str, recorder: Recorder
    ) -> None:
        first = perform(numbers(1000), write="append", run_id=run_row.pk)
        again = perform(numbers(1000), write="append", run_id=run_row.pk)
        assert first["rows"] == again["rows"]
        assert (first["rows"]["input"], first["rows"]["new"], first["rows"]["output"]) == (1000, 1000, 1000)
        assert query(f"SELECT count(*) FROM {schema}.t") == [(1000,)]
        assert ("warning", "an earlier attempt's commit had arrived: nothing was added again") in recorder.lines

    def test_another_run_adds_again_even_one_with_the_same_number(
        self, perform: Perform, numbers: Any, run_row: Run, query: Any, schema: str
    ) -> None:
        """A database that was rebuilt numbers its runs from 1 again; the warehouse still knows the old run 1."""
        perform(numbers(1000), write="append", run_id=run_row.pk)
        perform(numbers(1000), write="append", run_id=run_row.pk, run_created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        assert query(f"SELECT count(*) FROM {schema}.t") == [(2000,)]

    def test_a_killed_load_adds_nothing_and_the_next_attempt_is_exact(
        self, perform: Perform, numbers: Any, held: Any, query: Any, schema: str, run_row: Run, recorder: Recorder
    ) -> None:
        perform(numbers(1000))
        holder = held("SHARE")
        with ThreadPoolExecutor(1) as pool:
            killing = pool.submit(kill_when, lambda: waiting(query))
            with pytest.raises(TransientError, match="was ended by SIGKILL"):
                perform(numbers(50_000), write="append", run_id=run_row.pk)
            killing.result()
        holder.rollback()
        wait_for(
            lambda: query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'jobs-datasource'") == [(0,)]
        )
        assert query(f"SELECT count(*) FROM {schema}.t") == [(1000,)]
        perform(numbers(50_000), write="append", run_id=run_row.pk)
        assert query(f"SELECT count(*) FROM {schema}.t") == [(51_000,)]

    def test_columns_that_the_table_lacks_are_named(
        self, perform: Perform, numbers: Any, folder: Path, run_row: Run
    ) -> None:
        perform(numbers(10))
        (folder / "other.csv").write_text("surprise\n1\n")
        with pytest.raises(PermanentError, match="the table has no column surprise"):
            perform(folder / "other.csv", write="append", run_id=run_row.pk, contract="freeze")


class TestHowItEnds:
    def test_cancelling_ends_the_child_and_its_session_in_the_database(
        self, perform: Perform, numbers: Any, in_background: Any, held: Any, query: Any, schema: str, recorder: Recorder
    ) -> None:
        perform(numbers(1000))
        held("ACCESS SHARE")
        loading = in_background(numbers(5000))
        wait_for(lambda: waiting(query))
        child = the_child()
        recorder.cancelled.set()
        with pytest.raises(TransientError) as caught:
            loading.result(timeout=20)
        assert caught.value.code == "cancelled"
        assert not is_running(child)
        assert query(f"SELECT count(*) FROM {schema}.t") == [(1000,)]

    def test_its_time_limit_ends_it(self, perform: Perform, numbers: Any, held: Any) -> None:
        perform(numbers(1000))
        held("ACCESS SHARE")
        with pytest.raises(TransientError) as caught:
            perform(numbers(5000), timeout_seconds=3)
        assert caught.value.code == "timeout"


class TestServers:
    def test_nothing_of_a_connection_string_is_on_the_childs_command_line_or_in_its_environment(
        self, perform: Perform, numbers: Any, held: Any, query: Any, schema: str, recorder: Recorder
    ) -> None:
        perform(numbers(10))
        holder = held("ACCESS SHARE")
        url = own_url() + "?options=-c%20jobs.marker%3Dx-very-secret-indeed"
        work = recorder.work(parameters=to_secret(numbers(20), schema=schema), secrets={"WAREHOUSE": url})
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(EXECUTORS["datasource"].perform, work)
            wait_for(lambda: waiting(query))
            shown = b"".join(Path(f"/proc/{the_child()}/{part}").read_bytes() for part in ("cmdline", "environ"))
            holder.rollback()
            assert loading.result(timeout=20)["rows"]["output"] == 20
        assert b"workers.ingest.load" in shown
        for word in (b"x-very-secret", b"DATABASE_URL", b"PGPASSWORD", b"SECRET_KEY"):
            assert word not in shown

    def test_a_server_that_is_down_is_transient_and_its_password_stays_untold(
        self, folder: Path, numbers: Any, recorder: Recorder
    ) -> None:
        url = "postgresql://someone:x-very-secret-indeed@127.0.0.1:1/nowhere"
        parameters = to_secret(numbers(10))
        with pytest.raises(TransientError, match="Connection refused") as caught:
            EXECUTORS["datasource"].perform(recorder.work(parameters=parameters, secrets={"WAREHOUSE": url}))
        assert caught.value.code == "destination"
        assert "x-very-secret-indeed" not in f"{caught.value} {caught.value.details} {recorder.lines}"

    def test_a_row_that_is_too_large_for_a_page_stays_so(self, folder: Path, perform: Perform) -> None:
        names = [f"c{number}" for number in range(1500)]
        (folder / "wide.csv").write_text(f"{','.join(names)}\n{','.join('1' * len(names))}\n")
        with pytest.raises(PermanentError, match="row is too big") as caught:
            perform(folder / "wide.csv")
        assert caught.value.code == "destination"

    def test_a_secrets_url_names_the_server(
        self, folder: Path, numbers: Any, recorder: Recorder, schema: str, query: Any
    ) -> None:
        parameters = to_secret(numbers(10), schema=schema)
        EXECUTORS["datasource"].perform(recorder.work(parameters=parameters, secrets={"WAREHOUSE": own_url()}))
        assert query(f"SELECT count(*) FROM {schema}.t") == [(10,)]

    def test_the_systems_own_database_is_closed_unless_the_deployment_opens_it(
        self, perform: Perform, numbers: Any, settings: Any, query: Any, schema: str
    ) -> None:
        settings.JOBS_DATASOURCE_OWN_DATABASE = False
        with pytest.raises(PermanentError, match="JOBS_DATASOURCE_OWN_DATABASE"):
            perform(numbers(10))
        assert tables_of(query, schema) == []

    def test_parameters_that_were_never_checked_are_refused_by_field(self, recorder: Recorder) -> None:
        with pytest.raises(PermanentError, match=r"parameters\.source: this field is required"):
            EXECUTORS["datasource"].perform(recorder.work(parameters={}))

    def test_a_path_outside_the_roots_starts_no_child(self, perform: Perform, recorder: Recorder) -> None:
        with pytest.raises(PermanentError, match="JOBS_FILE_ROOTS"):
            perform("../../pyproject.toml.csv")
        assert recorder.lines == []


def own_url() -> str:
    name = {part: quote(str(value), safe="") for part, value in connections["default"].settings_dict.items()}
    return f"postgresql://{name['USER']}:{name['PASSWORD']}@{name['HOST']}:{name['PORT'] or 5432}/{name['NAME']}"


def to_secret(path: Path, *, schema: str = "public") -> dict[str, Any]:
    return {
        "source": {"path": str(path)},
        "destination": {"postgresql": {"url_secret": "WAREHOUSE", "schema": schema, "table": "t"}},
    }


def the_child() -> int:
    (child,) = (
        pid for pid in children_of(os.getpid()) if b"workers.child_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    return child


def kill_when(condition: Callable[[], bool]) -> None:
    wait_for(condition)
    os.kill(the_child(), signal.SIGKILL)


def tables_of(query: Callable[..., Any], schema: str) -> list[str]:
    return [row[0] for row in query("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", schema)]


def rows_in(destination: dict[str, Any], query: Callable[..., Any]) -> int:
    if "postgresql" in destination:
        return int(
            query(f"SELECT count(*) FROM {destination['postgresql']['schema']}.{destination['postgresql']['table']}")[
                0
            ][0]
        )
    with duckdb.connect(destination["duckdb"]["path"], read_only=True) as connection:
        row = connection.execute(f"SELECT count(*) FROM {destination['duckdb']['table']}").fetchone()
    return int(row[0]) if row else -1


def as_stored(feature: dict[str, Any]) -> tuple[Any, ...]:
    properties, geometry = feature["properties"], feature["geometry"]
    return (
        feature["id"],
        properties["mag"],
        properties["place"],
        properties["time"],
        *geometry["coordinates"],
        geometry,
    )
