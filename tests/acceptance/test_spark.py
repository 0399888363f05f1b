"""Real Spark, in local mode and on a master and worker of its own: right rows, one driver whoever dies, no slot held."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import yaml

from embedded.spark import why_left_out
from tests.acceptance.spark_cluster import QUICK_JAVA, SparkCluster, running_cluster
from tests.acceptance.system import System

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(why_left_out()), reason=f"left out: {why_left_out()}"),
]

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 280
"""An application takes some ten seconds; twenty times as long where many share a machine."""
HOLDS = """
import os, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.1)
"""
"""A driver that runs until its test lets it go: until there is the file that its first argument names."""
WRITES = f"""{HOLDS}
from pyspark.sql import SparkSession
session = SparkSession.builder.getOrCreate()
session.range(100).write.mode("overwrite").parquet(sys.argv[2])
session.stop()
"""
LOCAL = json.dumps({"local": {"master": "local[2]", "configuration": {"spark.driver.extraJavaOptions": QUICK_JAVA}}})


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    with running_cluster(tmp_path_factory.mktemp("spark")) as running:
        yield running


def start(system: System, payload: list[dict[str, Any]], **configuration: object) -> int:
    """Define a job of the type spark and trigger it; the run's id."""
    key = f"spark:{payload[0]['name']}"
    document = {"key": key, "payload": payload, "configuration": configuration}
    answer = system.machine.ask("POST", "jobs/", body=document)
    assert answer.status_code == 201, answer.text
    return system.trigger(key)


def script(name: str, text: str, *arguments: str, target: str = "cluster") -> dict[str, Any]:
    parameters = {"target": target, "python": {"text": text}, "arguments": list(arguments)}
    return {"kind": "spark", "name": name, "parameters": parameters}


def targets(cluster: SparkCluster) -> str:
    return json.dumps({"cluster": cluster.target})


def submission(system: System, run_id: int) -> str:
    """The driver's id as the database has it, once it has."""

    def kept() -> str | None:
        rows = system.rows("SELECT data FROM jobs_handle WHERE run_id = %s AND lasting", run_id)
        return rows[0].data.get("id") if rows else None

    return str(system.wait_for("the driver's id", kept, seconds=60))


class TestLocalMode:
    def test_the_example_comes_to_what_plain_python_computes_and_does_so_again(
        self, system: System, tmp_path: Path
    ) -> None:
        shutil.copy(ROOT / "examples" / "data" / "flights.csv", tmp_path)
        system.start_workers(1, JOBS_FILE_ROOTS=tmp_path, JOBS_SPARK_TARGETS=LOCAL)
        example = yaml.safe_load((ROOT / "examples" / "spark.yaml").read_text(encoding="utf-8"))
        answer = system.machine.ask("POST", "jobs/", body=example)
        assert answer.status_code == 201, answer.text
        for _ in range(2):
            run_id = system.trigger(example["key"])
            assert system.wait_for_end(run_id, seconds=END_SECONDS).state == "succeeded", system.describe()
            assert rolled_up_by_spark(tmp_path / "daily-metrics-flights") == rolled_up_by_hand(tmp_path / "flights.csv")
        (payload,) = system.payloads(run_id)
        assert payload.result["value"]["rows"] == len(rolled_up_by_hand(tmp_path / "flights.csv"))
        assert payload.result["application_id"].startswith("local-")
        assert payload.result["stages"]["completed"] > 0

    def test_the_examples_of_the_reference_do_what_it_says(self, system: System, tmp_path: Path) -> None:
        shutil.copy(ROOT / "examples" / "data" / "flights.csv", tmp_path)
        (tmp_path / "products.csv").write_text("id,name\n1,lamp\n2,chair\n")
        (tmp_path / "clicks").mkdir()
        seconds = [(1, 5), (1, 1), (2, 9), (1, 2)]
        clicks = [{"day": "2026-03-01", "product_id": product, "seconds": each} for product, each in seconds]
        (tmp_path / "clicks" / "2026-03-01").write_text("\n".join(map(json.dumps, clicks)))
        system.start_workers(1, JOBS_FILE_ROOTS=tmp_path, JOBS_SPARK_TARGETS=LOCAL)
        page = (ROOT / "docs" / "reference" / "spark-payload.md").read_text(encoding="utf-8")
        counts, aggregates = [
            {**yaml.safe_load(block.replace("/data/", f"{tmp_path}/")), "name": name}
            for block, name in zip(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL), ("counts", "clicks"), strict=True)
        ]
        run_id = start(system, [counts, aggregates])
        assert system.wait_for_end(run_id, seconds=END_SECONDS).state == "succeeded", system.describe()
        values = [payload.result["value"] for payload in system.payloads(run_id)]
        assert values == [{"rows": 20_000}, {"rows": 2, "skipped": None}]
        rows = pyarrow.parquet.read_table(tmp_path / "clicks-by-product").to_pylist()
        assert {row["product"]: row["clicks"] for row in rows} == {"lamp": 2, "chair": 1}

    def test_a_terminated_run_leaves_no_process_of_spark(self, system: System, tmp_path: Path) -> None:
        told = tmp_path / "pid"
        text = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(300)"
        system.start_workers(1, JOBS_SPARK_TARGETS=LOCAL)
        run_id = start(system, [script("sleeps-here", text, target="local")], terminate_grace="1s")
        pid = int(system.wait_for("the script", lambda: told.exists() and told.read_text(), seconds=90))
        system.machine.ask("POST", f"runs/{run_id}/terminate/", body={})
        assert system.wait_for_end(run_id, seconds=30).state == "cancelled"
        system.wait_for("the script's end", lambda: not Path(f"/proc/{pid}").exists(), seconds=10)
        system.wait_for("the handle's end", lambda: not handles(system, run_id), seconds=10)


def handles(system: System, run_id: int) -> list[Any]:
    return system.rows("SELECT * FROM jobs_handle WHERE run_id = %s", run_id)


def rolled_up_by_hand(path: Path) -> dict[tuple[str, str], tuple[int, ...]]:
    """By day and origin: flights, minutes of delay, the longest delay, miles."""
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = row["date"].split(" ")[0].replace("/", "-"), row["origin"]
            delay, miles = int(row["delay"]), int(row["distance"])
            flights, minutes, longest, total = found.get(key, (0, 0, delay, 0))
            found[key] = flights + 1, minutes + delay, max(longest, delay), total + miles
    return found


def rolled_up_by_spark(folder: Path) -> dict[tuple[str, str], tuple[int, ...]]:
    """The same, as the output has it."""
    rows = pyarrow.parquet.read_table(folder).to_pylist()
    names = ("flights", "delay_minutes", "longest_delay", "miles")
    found = {(str(row["day"]), row["origin"]): tuple(row[name] for name in names) for row in rows}
    assert len(found) == len(rows)
    return found


class TestStandalone:
    def test_an_application_finishes_while_no_worker_is_held(
        self, system: System, cluster: SparkCluster, tmp_path: Path
    ) -> None:
        system.start_workers(1, slots=1, JOBS_SPARK_TARGETS=targets(cluster))
        go = tmp_path / "go"
        run_id = start(system, [script("finishes", WRITES, str(go), str(tmp_path / "out"))])
        submission(system, run_id)
        system.wait_for("the lane to be given up", lambda: not system.lanes(run_id), seconds=10)
        others = system.start([{"kind": "noop", "parameters": {}}] * 50)
        assert system.wait_for_end(others, seconds=20).state == "succeeded"
        assert system.run(run_id).ended_at is None
        go.touch()
        assert system.wait_for_end(run_id, seconds=END_SECONDS).state == "succeeded", system.describe()
        (payload,) = system.payloads(run_id)
        assert payload.attempts == 1
        assert (payload.result["state"], payload.result["rows_written"]) == ("FINISHED", 100)
        assert payload.result["application_id"].startswith("app-")
        assert payload.result["log"]
        assert pyarrow.parquet.read_table(tmp_path / "out").num_rows == 100
        system.wait_for("the handle's end", lambda: not handles(system, run_id), seconds=20)
        assert not list(cluster.shared.glob(f"jobs-run-{run_id}-*"))

    def test_workers_that_are_killed_are_followed_by_one_that_goes_on_with_the_same_driver(
        self, system: System, cluster: SparkCluster, tmp_path: Path
    ) -> None:
        before = set(cluster.drivers())
        (worker,) = system.start_workers(1, JOBS_SPARK_TARGETS=targets(cluster))
        run_id = start(system, [script("goes-on", HOLDS, str(tmp_path / "go"))])
        driver_id = submission(system, run_id)
        worker.kill()
        system.start_workers(1, JOBS_SPARK_TARGETS=targets(cluster))
        (tmp_path / "go").touch()
        assert system.wait_for_end(run_id, seconds=END_SECONDS).state == "succeeded", system.describe()
        assert set(cluster.drivers()) - before == {driver_id}
        assert cluster.drivers()[driver_id] == "FINISHED"

    def test_an_id_that_died_with_its_worker_is_found_by_the_tag(
        self, system: System, cluster: SparkCluster, tmp_path: Path
    ) -> None:
        before = set(cluster.drivers())
        (worker,) = system.start_workers(1, JOBS_SPARK_TARGETS=targets(cluster))
        run_id = start(system, [script("is-found", HOLDS, str(tmp_path / "go"))])
        driver_id = submission(system, run_id)
        worker.kill()
        # As if it had died between the cluster's answer and its own next statement.
        with system.machine.database() as connection:
            connection.execute("UPDATE jobs_handle SET data = data - 'id' WHERE run_id = %s", (run_id,))
            connection.execute("UPDATE jobs_requeued SET looking = NULL WHERE run_id = %s", (run_id,))
        system.start_workers(1, JOBS_SPARK_TARGETS=targets(cluster))
        assert submission(system, run_id) == driver_id
        (tmp_path / "go").touch()
        assert system.wait_for_end(run_id, seconds=END_SECONDS).state == "succeeded", system.describe()
        assert set(cluster.drivers()) - before == {driver_id}

    def test_a_terminated_run_kills_its_driver_and_that_is_verified(
        self, system: System, cluster: SparkCluster, tmp_path: Path
    ) -> None:
        system.start_workers(1, JOBS_SPARK_TARGETS=targets(cluster))
        run_id = start(system, [script("is-killed", HOLDS, str(tmp_path / "go"))])
        driver_id = submission(system, run_id)
        system.wait_for("the driver", lambda: cluster.drivers().get(driver_id) == "RUNNING", seconds=60)
        system.machine.ask("POST", f"runs/{run_id}/terminate/", body={})
        assert system.wait_for_end(run_id, seconds=30).state == "cancelled"
        system.wait_for("the handle's end", lambda: not handles(system, run_id), seconds=60)
        assert cluster.drivers()[driver_id] == "KILLED"

    def test_a_driver_that_fails_is_tried_again_as_the_policy_says(self, system: System, cluster: SparkCluster) -> None:
        system.start_workers(1, JOBS_SPARK_TARGETS=targets(cluster))
        text = "raise ValueError('no such thing')"
        run_id = start(system, [script("fails", text)], retry={"maximum_attempts": 2})
        assert system.wait_for_end(run_id, seconds=END_SECONDS).state == "failed"
        (payload,) = system.payloads(run_id)
        assert (payload.attempts, payload.error["code"]) == (2, "spark_failed")
        assert "ValueError: no such thing" in payload.error["message"]
