"""The Spark example is loaded where it can run, and whoever starts the system is told why not where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded import spark
from embedded.system import EXAMPLES, written_for


def names(folder: Path) -> list[str]:
    return [path.name for path in written_for("http://127.0.0.1:1", folder=folder)]


def test_without_java_it_is_left_out_and_the_reason_says_which_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "spark-submit").touch()
    monkeypatch.setenv("JOBS_SPARK_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "Java 17 or 21" in spark.why_left_out()
    assert spark.MANIFEST not in names(tmp_path / "examples")


def test_without_either_both_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBS_SPARK_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "no bin/spark-submit; Java is not on this worker" in spark.why_left_out()


def test_with_both_it_is_among_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "why_left_out", lambda: "")
    assert names(tmp_path / "examples") == sorted(path.name for path in EXAMPLES.glob("*.yaml"))
    assert spark.MANIFEST in names(tmp_path / "examples")
