"""Made-up rows, as a generate payload makes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic

from jobs.documents import field_errors
from jobs.errors import PermanentError
from workers.generate.arrow import batches
from workers.generate.spec import Dataset
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.fetch.spool import Spool
from workers.ingest.spec import Source


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Write the rows to Parquet files. The same spec and seed give the same rows.

    Raises:
        PermanentError: As `workers.generate.batches`; or the dataset is none (code ``parameters``).
    """
    assert source.generate is not None
    wanted = source.generate
    spool = Spool(folder)
    for batch in batches(_dataset(wanted.spec), rows=wanted.rows, seed=wanted.seed):
        spool.write(batch)
        channel.progress(current=spool.rows, total=wanted.rows, unit="rows")
        if allowance.used_up(spool.rows):
            break
    paths = spool.finish()
    return Fetched(paths, "parquet", "none", "", sum(Path(path).stat().st_size for path in paths))


def _dataset(spec: Mapping[str, Any]) -> Dataset:
    """Checked when the job was saved, too; but an older version may have saved it."""
    try:
        dataset = Dataset.model_validate(spec)
    except pydantic.ValidationError as error:
        errors = field_errors(error, "source.generate.spec", model=Dataset)
        wrong = "; ".join(f"{one.field}: {one.message}" for one in errors)
        raise PermanentError(wrong, code="parameters") from None
    if dataset.references:
        raise PermanentError(f"source.generate.spec: {dataset.name} refers to other datasets", code="parameters")
    return dataset
