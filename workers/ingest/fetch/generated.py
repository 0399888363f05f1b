"""Made-up rows, by whatever generator of data this deployment has."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from jobs.errors import PermanentError
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.fetch.spool import Spool
from workers.ingest.spec import Source

GENERATOR = "workers.generate"
"""A module with ``batches(spec, *, rows, seed) -> Iterator[pyarrow.RecordBatch]``; loaded by name: it may not be there."""


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Write the rows to Parquet files. The same spec and seed give the same rows.

    Raises:
        PermanentError: This deployment has no generator, or it refuses the spec.
    """
    assert source.generate is not None
    if importlib.util.find_spec(GENERATOR) is None:
        raise PermanentError("source.generate: this deployment has no generator of data", code="parameters")
    wanted = source.generate
    spool = Spool(folder)
    for batch in importlib.import_module(GENERATOR).batches(wanted.spec, rows=wanted.rows, seed=wanted.seed):
        spool.write(batch)
        channel.progress(current=spool.rows, total=wanted.rows, unit="rows")
        if allowance.used_up(spool.rows):
            break
    paths = spool.finish()
    return Fetched(paths, "parquet", "none", "", sum(Path(path).stat().st_size for path in paths))
