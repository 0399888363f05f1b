"""One beat process, as a deployment starts it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.acceptance.process import Process


class Beat(Process):
    """A Celery beat."""

    ready_words = "beat: Starting"

    def __init__(self, *, name: str, log: Path, environment: Mapping[str, str]) -> None:
        super().__init__(name=name, arguments=["beat"], log=log, environment=environment)
