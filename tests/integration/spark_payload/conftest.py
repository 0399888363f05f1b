"""Clusters that were recorded, and a spark-submit that says what one said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.spark_payload.looks import Looks
from tests.integration.spark_payload.recorded import Recorded

_SUBMIT = """#!/bin/sh
here=$(dirname "$0")/..
printf '%s\\n' "$@" > "$here/arguments"
while [ "$1" != --properties-file ]; do shift; done
cat "$2" > "$here/properties"
cat "$here/says" >&2
exit $(cat "$here/code")
"""


class SubmitStandIn:
    """A folder like a Spark distribution's, whose spark-submit says what it is told to."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "spark-submit").write_text(_SUBMIT)
        (home / "bin" / "spark-submit").chmod(0o755)
        self.says("")

    def says(self, text: str, *, code: int = 0) -> None:
        """What it writes on standard error, and how it ends."""
        (self.home / "says").write_text(text)
        (self.home / "code").write_text(str(code))

    @property
    def arguments(self) -> list[str]:
        """Those of the last call."""
        return (self.home / "arguments").read_text().splitlines()

    @property
    def properties(self) -> dict[str, str]:
        """Those of the last call."""
        return dict(line.split("=", 1) for line in (self.home / "properties").read_text().splitlines())

    @property
    def was_called(self) -> bool:
        return (self.home / "arguments").exists()


@pytest.fixture
def spark_submit(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> SubmitStandIn:
    """Takes the place of Spark on this machine, and of Java, which it does not need."""
    java = tmp_path / "java"
    (java / "bin").mkdir(parents=True)
    (java / "bin" / "java").touch()
    monkeypatch.setenv("JAVA_HOME", str(java))
    stand_in = SubmitStandIn(tmp_path / "spark")
    settings.JOBS_SPARK_HOME = str(stand_in.home)
    return stand_in


@pytest.fixture
def cluster() -> Iterator[Recorded]:
    with Recorded() as recorded:
        yield recorded


@pytest.fixture
def roots(tmp_path: Path, settings: Any) -> Path:
    """A folder that payloads may name files of."""
    folder = tmp_path / "files"
    folder.mkdir()
    settings.JOBS_FILE_ROOTS = [folder.resolve()]
    return folder


@pytest.fixture
def looks() -> Looks:
    return Looks()
