"""One CSV file into a table: by a datasource's child process, by COPY, by DuckDB's own reader, and by dlt.

Ours and dlt are measured with the start of their process; COPY and DuckDB, which nothing has to be started for, without.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from benchmarks.processes import LOGS, ROOT
from benchmarks.servers import Servers, create_database, drop_database
from benchmarks.subjects.base import Sample
from workers.ingest.spec import LoadSpec, Source, Target

ROWS = 1_000_000
DATABASE = "bench_ingest"
_COLUMNS = (
    "id bigint, name text, email text, city text, amount bigint, price double precision, born date, seen timestamp, "
    "active boolean, note text"
)


def csv_file() -> Path:
    """The file, written once: the same rows on every machine."""
    path = LOGS / f"ingest-{ROWS}.csv"
    if not path.exists():
        LOGS.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        with unfinished.open("w") as file:
            file.write(",".join(column.strip().split()[0] for column in _COLUMNS.split(",")) + "\n")
            file.writelines(_line(number, random.Random(number)) for number in range(ROWS))
        unfinished.rename(path)
    return path


def _line(number: int, dice: random.Random) -> str:
    born = f"19{dice.randrange(40, 99)}-0{dice.randrange(1, 10)}-1{dice.randrange(10)}"
    seen = f"2026-01-0{dice.randrange(1, 10)} 12:{dice.randrange(10, 60)}:00"
    values = (
        number,
        f"name {dice.randrange(10**6)}",
        f"u{number}@example.org",
        f"city {dice.randrange(1000)}",
        dice.randrange(10**6),
        f"{dice.random() * 100:.4f}",
        born,
        seen,
        "true" if dice.random() < 0.5 else "false",
        f"some words {dice.randrange(10**9)}",
    )
    return ",".join(map(str, values)) + "\n"


def run_module(module: str, spec: Any, *, folder: str) -> Sample:
    """Run a module with a specification on standard input; the time from its start to its end, and the most memory it had.

    Raises:
        RuntimeError: It failed, or loaded another number of rows.
    """
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": folder}
    with (LOGS / f"{module}.log").open("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=environment,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(spec).encode())
        process.stdin.close()
        failed = process.wait()
        seconds = time.perf_counter() - began
        output.seek(0)
        said = output.read()
    if failed or said.split()[-1] != str(ROWS):
        raise RuntimeError(f"{module}: {said[-2000:]}")
    return {"seconds": seconds, "peak_rss_mb": int(said.split()[-2]) / 1024}


class _IntoPostgresql:
    """Owns the database, which all of a scenario share."""

    def __init__(self, *, servers: Servers) -> None:
        self._servers = servers

    @property
    def url(self) -> str:
        """The database's."""
        return self._servers.database(name=DATABASE)

    def install(self) -> None:
        """Make the database."""
        create_database(servers=self._servers, name=DATABASE)
        csv_file()

    def remove(self) -> None:
        """Drop the database."""
        drop_database(servers=self._servers, name=DATABASE)


class OursIngest(_IntoPostgresql):
    """A datasource's child process."""

    name = "ours"

    def __init__(self, *, servers: Servers, kind: str) -> None:
        super().__init__(servers=servers)
        self._kind = kind

    def measure(self) -> Sample:
        """Load the file, types inferred and checked."""
        with tempfile.TemporaryDirectory() as folder:
            target = Target(kind="postgresql", schema="ours", table="rows", conninfo=self.url)
            if self._kind == "duckdb":
                target = Target(kind="duckdb", table="rows", path=f"{folder}/ours.duckdb")
            source = Source(path=str(csv_file()), format="csv")
            spec = LoadSpec(source=source, target=target, write="replace", load_key="")
            return run_module("benchmarks.apps.ingest", spec.to_json(), folder=folder)


class PlainCopy(_IntoPostgresql):
    """COPY of the file's bytes into a table whose types are known."""

    name = "copy"

    def measure(self) -> Sample:
        """Copy the file into a new table, in one transaction."""
        with psycopg.connect(self.url) as connection:
            connection.execute("DROP TABLE IF EXISTS plain")
            began = time.perf_counter()
            connection.execute(f"CREATE TABLE plain ({_COLUMNS})")
            with (
                connection.cursor().copy("COPY plain FROM STDIN (FORMAT csv, HEADER)") as copy,
                csv_file().open("rb") as file,
            ):
                while block := file.read(1024 * 1024):
                    copy.write(block)
            connection.commit()
            return {"seconds": time.perf_counter() - began}


class Dlt(_IntoPostgresql):
    """dlt on its fastest path."""

    name = "dlt"

    def measure(self) -> Sample:
        """Load the file."""
        with tempfile.TemporaryDirectory() as folder:
            asked = {"path": str(csv_file()), "url": self.url, "folder": folder}
            return run_module("benchmarks.apps.ingest_dlt", asked, folder=folder)


class DuckdbReader:
    """DuckDB's own reader into a new file, with as many threads as ours has."""

    name = "duckdb"

    def install(self) -> None:
        """Write the file."""
        csv_file()

    def remove(self) -> None:
        """Nothing."""

    def measure(self) -> Sample:
        """Load the file."""
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            with duckdb.connect(f"{folder}/plain.duckdb", config={"threads": 2}) as connection:
                connection.execute("SET enable_progress_bar = false")
                connection.execute(f"CREATE TABLE plain AS SELECT * FROM read_csv('{csv_file()}')")
            return {"seconds": time.perf_counter() - began}
