"""Whether the Spark example can run on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable

from jobs.errors import PermanentError
from workers.spark.installation import check_java, find_spark

MANIFEST = "spark.yaml"
TARGETS = '{"local": {"master": "local[2]"}}'
"""JOBS_SPARK_TARGETS on one's own machine."""


def why_left_out() -> str:
    """All that is missing, in words for whoever starts the system; empty when nothing is."""
    looks = (lambda: find_spark(os.environ.get("JOBS_SPARK_HOME", "")), check_java)
    return "; ".join(filter(None, map(_problem, looks)))


def _problem(look: Callable[[], object]) -> str:
    try:
        look()
    except PermanentError as error:
        return str(error)
    return ""
