"""Made-up rows, as a generate payload makes them."""

from __future__ import annotations

from pathlib import Path

from workers.generate import batches
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.fetch.spool import Spool
from workers.ingest.spec import Source


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Write the rows to Parquet files. The same spec and seed give the same rows.

    Raises:
        PermanentError: As `workers.generate.batches`.
    """
    assert source.generate is not None
    wanted = source.generate
    spool = Spool(folder)
    for batch in batches(wanted.spec, rows=wanted.rows, seed=wanted.seed):
        spool.write(batch)
        channel.progress(current=spool.rows, total=wanted.rows, unit="rows")
        if allowance.used_up(spool.rows):
            break
    paths = spool.finish()
    return Fetched(paths, "parquet", "none", "", sum(Path(path).stat().st_size for path in paths))
