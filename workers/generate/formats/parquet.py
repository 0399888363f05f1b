"""Parquet."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet

from workers.generate.arrow import batch_of, schema_of
from workers.generate.block import Block
from workers.generate.formats.base import Stream
from workers.generate.formats.options import ParquetFormat
from workers.generate.layout import Layout


class ParquetWriter:
    """Writes row groups; what is not yet a whole one is kept as Arrow."""

    def __init__(self, stream: Stream, layout: Layout, options: ParquetFormat) -> None:
        self._schema = schema_of(layout)
        self._rows = options.rows_per_group
        self._kept: list[pa.RecordBatch] = []
        self._writer = pyarrow.parquet.ParquetWriter(
            pa.PythonFile(stream, mode="w"), self._schema, compression=options.codec
        )

    def write(self, block: Block) -> None:
        """The next records."""
        self._kept.append(batch_of(block, self._schema))
        if sum(batch.num_rows for batch in self._kept) >= self._rows:
            self._write_group()

    def close(self) -> None:
        """The last row group, and the footer."""
        if self._kept:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._kept, self._schema), row_group_size=self._rows)
        self._kept = []
