"""Where Spark and Java are on this machine, and what to install when they are not."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from jobs.errors import PermanentError

_INHERITED = ("JAVA_HOME", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "KUBECONFIG")


def find_spark(home: str = "") -> Path:
    """The folder of a Spark distribution that has bin/spark-submit: the one given, else the one that the package pyspark brings.

    Raises:
        PermanentError: There is none (code ``spark_missing``).
    """
    found = Path(home) if home else _of_pyspark()
    if found is None:
        raise PermanentError(
            "Spark is not on this worker: install it with `pip install -r requirements/spark.txt` (`make spark` in a checkout),"
            " or name a distribution with JOBS_SPARK_HOME",
            code="spark_missing",
        )
    if not (found / "bin" / "spark-submit").is_file():
        raise PermanentError(f"JOBS_SPARK_HOME is {home!r}, which has no bin/spark-submit", code="spark_missing")
    return found


def check_java() -> None:
    """Raise PermanentError (code ``java_missing``) when spark-submit would find no Java: by JAVA_HOME, else on the PATH."""
    home = os.environ.get("JAVA_HOME", "")
    if home and not Path(home, "bin", "java").is_file():
        raise PermanentError(f"JAVA_HOME is {home!r}, which has no bin/java", code="java_missing")
    if not home and shutil.which("java") is None:
        raise PermanentError(
            "Java is not on this worker: Spark 4 needs Java 17 or 21, on the PATH or named by JAVA_HOME",
            code="java_missing",
        )


def inherited() -> dict[str, str]:
    """What spark-submit needs of this process's environment: where Java is, and how to reach YARN and Kubernetes."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def _of_pyspark() -> Path | None:
    found = importlib.util.find_spec("pyspark")
    return Path(found.origin).parent if found and found.origin else None
