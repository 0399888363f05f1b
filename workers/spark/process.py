"""Runs spark-submit in the attempt's own directory and passes its lines on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from workers.child_intake import Intake, LineSplitter
from workers.spark.application import properties_text
from workers.spark.driver_log import DriverLog

WATCH_SECONDS = 1.0


class Says(Protocol):
    """What of a `workers.child_main.Channel` is needed."""

    def log(self, level: str, message: str) -> None: ...
    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


def environment(*, spark: Path, inherited: Mapping[str, str], **more: str) -> dict[str, str]:
    """For spark-submit: the child's own, what it inherits from the worker, and a Python for the scripts: the one that runs here.

    This project is not on the script's path.
    """
    here = Path.cwd()
    child = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own = {
        "SPARK_HOME": str(spark),
        "SPARK_LOCAL_DIRS": str(here),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONUNBUFFERED": "1",
    }
    return {**child, **inherited, **own, **more}


def write_private(path: Path, text: str) -> Path:
    """Write a file that nobody else may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def write_properties(configuration: Mapping[str, str]) -> Path:
    """The properties file of the attempt, in its own directory."""
    return write_private(Path.cwd() / "spark.properties", properties_text(configuration))


def run_submit(
    command: Sequence[str],
    *,
    channel: Says,
    env: Mapping[str, str],
    secrets: Sequence[str] = (),
    watch: Callable[[], None] = lambda: None,
) -> tuple[int, DriverLog]:
    """Run spark-submit to its end. ``watch`` is called about once a second meanwhile; of the log that is returned the secrets
    are blacked out.

    Returns:
        The exit code, and the log that its standard error was.
    """
    log = DriverLog(secrets)
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(env)
    )
    assert process.stdout and process.stderr  # noqa: PT018 - one statement, for mypy
    readers = [
        _reading(process.stdout, lambda line: channel.log("info", line)),
        _reading(process.stderr, lambda line: channel.log(*log.read(line))),
    ]
    while any(reader.is_alive() for reader in readers):
        readers[-1].join(WATCH_SECONDS) if readers[-1].is_alive() else readers[0].join(WATCH_SECONDS)
        watch()
    return process.wait(), log


def _reading(file: IO[bytes], handle: Callable[[str], object]) -> threading.Thread:
    """Pass on its lines as they come, whatever is written there: much that is no text, and lines that never end."""

    def read() -> None:
        splitter, is_open = LineSplitter(Intake.LINE_BYTES), True
        while is_open:
            chunk = os.read(file.fileno(), 65_536)
            is_open = bool(chunk)
            for line in splitter.feed(chunk):
                if line:
                    handle(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
