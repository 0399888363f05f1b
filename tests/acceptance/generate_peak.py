"""``python -m tests.acceptance.generate_peak FORMAT RECORDS``: write so many records, and print the most memory it took."""

from __future__ import annotations

import datetime as dt
import resource
import sys
import tempfile
from pathlib import Path

from workers.generate.job import GenerateJob
from workers.generate.run import Making

FIELDS = [
    {"name": "id", "type": "sequence", "primary_key": True},
    {"name": "code", "type": "regex", "pattern": "[A-Z]{3}[0-9]{9}", "unique": True},
    {"name": "text", "type": "text", "part": "word"},
    {"name": "data", "type": "bytes", "length": 300},
]
FORMATS = {"parquet": {"type": "parquet", "rows_per_group": 5000}}
"""Where it needs options: also few records shall fill a group, of which one is in memory."""
ORDERS = [{"name": "customer", "type": "reference", "dataset": "customers"}]


class Nobody:
    """Listens to nothing."""

    def log(self, level: str, message: str) -> None: ...

    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


def main() -> None:
    """Print megabytes."""
    kind, records = sys.argv[1], int(sys.argv[2])
    datasets = [{"name": "customers", "fields": FIELDS}, {"name": "orders", "fields": ORDERS}]
    format_ = FORMATS.get(kind, {"type": kind})
    job = GenerateJob.model_validate({"datasets": datasets, "records": records, "format": format_})
    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        Making(job=job, seed=1, now=now, folder=Path(folder), limit_bytes=10**10, channel=Nobody()).results()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
