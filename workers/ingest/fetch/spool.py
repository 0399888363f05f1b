"""Arrow batches to Parquet files, of one schema in the end although the batches differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet

from jobs.errors import PermanentError


class Spool:
    """Writes batches as they come; a batch whose schema differs begins another file. `finish` brings them to one schema."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[tuple[Path, pyarrow.Schema]] = []
        self._writer: pyarrow.parquet.ParquetWriter | None = None
        self.rows = 0

    def write(self, batch: pyarrow.RecordBatch) -> None:
        """Add a batch."""
        if self._writer is None or self._files[-1][1] != batch.schema:
            self._begin(batch.schema)
        assert self._writer is not None
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def finish(self) -> list[str]:
        """Close, and return the files: columns that are NULL throughout are text, numbers are as wide as the widest.

        Raises:
            PermanentError: There was no batch at all.
        """
        if self._writer:
            self._writer.close()
        if not self._files:
            raise PermanentError("the source holds no rows, and its columns are unknown", code="data")
        schema = _unified([schema for _, schema in self._files])
        return [str(path if found == schema else _rewritten(path, schema)) for path, found in self._files]

    def _begin(self, schema: pyarrow.Schema) -> None:
        if self._writer:
            self._writer.close()
        path = self._folder / f"spool-{len(self._files):05}.parquet"
        self._files.append((path, schema))
        self._writer = pyarrow.parquet.ParquetWriter(path, schema)


def _unified(schemas: Sequence[pyarrow.Schema]) -> pyarrow.Schema:
    """Of the columns of all; a column that has no common type is text."""
    fields: dict[str, pyarrow.Field] = {}
    for field in (field for schema in schemas for field in schema):
        fields[field.name] = _merged(fields.get(field.name, field), field)
    return pyarrow.schema(
        [f.with_type(pyarrow.string()) if pyarrow.types.is_null(f.type) else f for f in fields.values()]
    )


def _merged(known: pyarrow.Field, found: pyarrow.Field) -> pyarrow.Field:
    try:
        schemas = [pyarrow.schema([field]) for field in (known, found)]
        return pyarrow.unify_schemas(schemas, promote_options="permissive").field(0)
    except (pyarrow.ArrowTypeError, pyarrow.ArrowInvalid):
        return known.with_type(pyarrow.string())


def _rewritten(path: Path, schema: pyarrow.Schema) -> Path:
    new = path.with_suffix(".same.parquet")
    with pyarrow.parquet.ParquetFile(path) as old, pyarrow.parquet.ParquetWriter(new, schema) as writer:
        for batch in old.iter_batches():
            writer.write_table(pyarrow.Table.from_batches([batch]).cast(schema))
    path.unlink()
    return new
