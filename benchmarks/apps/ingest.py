"""``python -m benchmarks.apps.ingest``: one load, as the child process of a datasource does it; its LoadSpec comes as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.apps.peak import peak_rss_kb
from workers.ingest.load import run


class Quiet:
    """A channel to nobody."""

    def log(self, level: str, message: str) -> None:
        """Nothing."""

    def progress(self, **known: Any) -> None:
        """Nothing."""


if __name__ == "__main__":
    rows = run(spec=json.load(sys.stdin), channel=Quiet())["rows"]["output"]  # type: ignore[arg-type]
    print(peak_rss_kb(), rows)
