"""From the records of a parcel to bytes, a piece a record, in bounded memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from sinks.base import Parcel, Record
from sinks.bodies import framed, text_of
from sinks.content.compressing import compressed
from sinks.content.configuration import ContentConfiguration
from sinks.content.formulas import disarmed
from sinks.content.rows import COLUMNS, row_of
from sinks.lazily import loaded


class Content:
    """The content of one parcel.

    Args:
        parcel: What is delivered.
        configuration: In which shape.
        flush_each: Whether each record is to come out by itself, so that it can be read when it has arrived.
        for_spreadsheets: Whether people may open its CSV with a program that takes some texts for formulas: those are disarmed.
    """

    def __init__(
        self,
        parcel: Parcel,
        configuration: ContentConfiguration,
        *,
        flush_each: bool = False,
        for_spreadsheets: bool = False,
    ) -> None:
        self._parcel = parcel
        self._configuration = configuration
        self._flush_each = flush_each
        self._cell = disarmed if for_spreadsheets else _as_it_is
        self.rows = 0
        """Records that were read so far."""

    def pieces(self) -> Iterator[bytes]:
        """Read the records, once, and give their bytes."""
        kind = self._configuration.format_for(self._parcel.unit)
        compression = self._configuration.compression
        if kind == "parquet":
            rows = (row_of(self._parcel, record) for record in self._records())
            parquet = loaded("sinks.content.parquet", "parquet")  # Arrow takes 40 MB, which others are spared
            pieces: Iterator[bytes] = parquet(rows, compression=compression)
            return pieces
        encode = {"json": self._json, "jsonl": self._lines, "csv": self._csv}[kind]
        return compressed(
            encode(), compression=compression, name=f"{self._parcel.id}.{kind}", flush_each=self._flush_each
        )

    def _records(self) -> Iterator[Record]:
        for record in self._parcel.records():
            self.rows += 1
            yield record

    def _json(self) -> Iterator[bytes]:
        """One document: of the run, and of the payload or the payloads."""
        documents = (text_of(record.document()) for record in self._records())
        yield from framed(self._parcel, documents, between=b",\n")
        yield b"\n"

    def _lines(self) -> Iterator[bytes]:
        for record in self._records():
            job, run_id = record.about(self._parcel)
            about = {"workspace": self._parcel.workspace, "job": job, "run": run_id}
            yield text_of(about | record.document()) + b"\n"

    def _csv(self) -> Iterator[bytes]:
        line = io.StringIO()
        writer = csv.writer(line)
        for row in self._csv_rows():
            writer.writerow(row)
            yield line.getvalue().encode()
            line.seek(0)
            line.truncate()

    def _csv_rows(self) -> Iterator[Iterable[Any]]:
        yield COLUMNS
        for record in self._records():
            *values, started_at, ended_at, result, error = row_of(self._parcel, record)
            row = (*values, started_at and started_at.isoformat(), ended_at and ended_at.isoformat(), result, error)
            yield map(self._cell, row)


def _as_it_is(value: Any) -> Any:
    return value
