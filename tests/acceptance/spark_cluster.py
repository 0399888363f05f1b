"""A standalone cluster of Spark on loopback: a master and a worker, started from the package pyspark."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from embedded.ports import free_port
from embedded.processes import spawn, stop, wait_until
from tests.acceptance.waiting import wait_for
from workers.spark.installation import find_spark

QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For programs that end before a thorough compiler and a garbage collector with many threads would pay."""


class SparkCluster:
    """Two JVMs. ``folder`` gets their logs, the drivers' folders, and is what the cluster and the system share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shared = folder / "shared"
        self.shared.mkdir()
        self._port, self._rest, self._ui, self._worker_ui = (free_port() for _ in range(4))
        self._processes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Start both and wait until the worker has joined."""
        rest = f"-Dspark.master.rest.enabled=true -Dspark.master.rest.port={self._rest}"
        master = ("--host", "127.0.0.1", "--port", self._port, "--webui-port", self._ui)
        self._run("master.Master", *master, SPARK_MASTER_OPTS=rest)
        wait_for("the master", self._answers, seconds=60, report=self.describe)
        self._run(
            "worker.Worker",
            *("--host", "127.0.0.1", "--webui-port", self._worker_ui, "-c", 4, "-m", "3g"),
            *("-d", self.folder / "work", f"spark://127.0.0.1:{self._port}"),
        )
        wait_for("its worker", lambda: self.state().get("aliveworkers"), seconds=60, report=self.describe)

    def stop(self) -> None:
        """End both, with the drivers that are left."""
        for process in reversed(self._processes):
            stop(process, ask=signal.SIGTERM, grace_seconds=30)

    @property
    def target(self) -> dict[str, Any]:
        """It, for JOBS_SPARK_TARGETS."""
        return {
            "master": f"spark://127.0.0.1:{self._port}",
            "rest": f"http://127.0.0.1:{self._rest}",
            "ui": f"http://127.0.0.1:{self._ui}",
            "shared": str(self.shared),
            "poll_seconds": 1,
            "configuration": {
                "spark.cores.max": "1",
                "spark.driver.memory": "512m",
                "spark.executor.memory": "512m",
                "spark.driver.host": "127.0.0.1",
                "spark.driver.extraJavaOptions": QUICK_JAVA,
                "spark.executor.extraJavaOptions": QUICK_JAVA,
                "spark.ui.enabled": "false",
            },
        }

    def state(self) -> dict[str, Any]:
        """What the master's page says."""
        return dict(requests.get(f"http://127.0.0.1:{self._ui}/json/", timeout=5).json())

    def drivers(self) -> dict[str, str]:
        """The state of each driver there ever was, by its id."""
        said = self.state()
        return {driver["id"]: driver["state"] for driver in [*said["activedrivers"], *said["completeddrivers"]]}

    def describe(self) -> str:
        """The ends of the logs."""
        return "\n".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))

    def _answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return bool(self.state()["status"] == "ALIVE")
        return False

    def _run(self, what: str, *arguments: object, **environment: str) -> None:
        spark = find_spark()
        own = {
            "SPARK_HOME": str(spark),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "512m",
            "SPARK_DAEMON_JAVA_OPTS": QUICK_JAVA,
            "PYSPARK_PYTHON": sys.executable,
        }
        with (self.folder / f"{what}.log").open("wb") as log:
            process = spawn(
                [spark / "bin" / "spark-class", f"org.apache.spark.deploy.{what}", *map(str, arguments)],
                output=log,
                death_signal=signal.SIGTERM,
                environment={**os.environ, **own, **environment},
            )
        self._processes.append(process)


@contextlib.contextmanager
def running_cluster(folder: Path) -> Iterator[SparkCluster]:
    """The cluster for the length of a ``with`` block."""
    cluster = SparkCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        assert wait_until(lambda: not cluster._answers(), seconds=10)
