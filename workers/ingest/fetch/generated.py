"""Made-up rows, by whatever generator of data this deployment has."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import pydantic

from jobs.errors import PermanentError
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.fetch.spool import Spool
from workers.ingest.spec import Source

GENERATOR = "workers.generate"
"""A module with ``Dataset``, a model, and ``batches(dataset, *, rows, seed) -> Iterator[pyarrow.RecordBatch]``; loaded by name: it
may not be there."""


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
    generator = importlib.import_module(GENERATOR)
    dataset = _dataset(generator.Dataset, wanted.spec)
    for batch in generator.batches(dataset, rows=wanted.rows, seed=wanted.seed):
        spool.write(batch)
        channel.progress(current=spool.rows, total=wanted.rows, unit="rows")
        if allowance.used_up(spool.rows):
            break
    paths = spool.finish()
    return Fetched(paths, "parquet", "none", "", sum(Path(path).stat().st_size for path in paths))


def _dataset(model: Any, spec: dict[str, Any]) -> Any:
    """Checked when the job was saved, too; but another version of the generator may have saved it."""
    try:
        dataset = model.model_validate(spec)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise PermanentError(f"source.generate.spec: {place}: {first['msg']}", code="parameters") from None
    if dataset.references:
        raise PermanentError(f"source.generate.spec: {dataset.name} refers to other datasets", code="parameters")
    return dataset
