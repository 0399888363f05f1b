"""Batches: one payload that stands for many calls, one for each item of a list or each row of a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from jobs.documents import Retry, Strict, Timeout
from jobs.errors import PermanentError
from jobs.http.fields import exactly_one
from workers import rooted_files
from workers.payloads.base import Work
from workers.payloads.http.fields import Data

MAX_ITEMS = 100_000
MAX_CSV_CHARACTERS = 16 * 1024 * 1024
MAX_NAME = 200


class CsvItems(Strict):
    """Rows of a CSV with a header line: in the parameters themselves, or in a file. Each is an object of texts."""

    text: Annotated[str, StringConstraints(max_length=MAX_CSV_CHARACTERS)] | None = None
    path: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","

    @model_validator(mode="after")
    def _one_source(self) -> CsvItems:
        if (self.text is None) == (self.path is None):
            raise ValueError("give one of text, path: where the rows are")
        return self


class Batch(Strict):
    """What the calls are made of. ``parameter`` names the run parameter that holds the list; ``name`` the column or key of an item
    that its payload is named after; ``retry`` and ``timeout`` are those of each call."""

    items: list[Data] | None = Field(default=None, alias="list", max_length=MAX_ITEMS)
    csv: CsvItems | None = None
    parameter: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    retry: Retry | None = None
    timeout: Timeout | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Batch:
        exactly_one(self, "list", "csv", "parameter")
        return self


def expand(*, batch: Batch, work: Work, roots: Sequence[Path]) -> dict[str, Any]:
    """Add a payload for each item to the run: this payload's own parameters with ``item`` instead of ``batch``.

    They are written with the attempt's outcome, so an attempt that is tried again adds nothing twice.

    Args:
        roots: Where a CSV file may lie.

    Returns:
        The result: ``{"added": n}``.

    Raises:
        PermanentError: There is no such run parameter or file, it holds no list, or more than `MAX_ITEMS`.
    """
    template = {name: value for name, value in work.parameters.items() if name != "batch"}
    options = batch.model_dump(mode="json", include={"retry", "timeout"}, exclude_unset=True)
    added = 0
    for added, item in enumerate(_items(batch, work, roots), start=1):
        if added > MAX_ITEMS:
            raise PermanentError(f"batch: more than {MAX_ITEMS:,} items", code="batch")
        parameters = {**template, "item": item}
        work.extend_payload({"kind": work.kind, "name": _name(batch, work, item), "parameters": parameters, **options})
    return {"added": added}


def _items(batch: Batch, work: Work, roots: Sequence[Path]) -> Iterable[Any]:
    if batch.items is not None:
        return batch.items
    if batch.csv is not None:
        return _rows(batch.csv, roots)
    items = work.run_parameters.get(batch.parameter or "")
    if not isinstance(items, list):
        raise PermanentError(f"batch.parameter: the run was given no list named {batch.parameter!r}", code="batch")
    return items


def _rows(source: CsvItems, roots: Sequence[Path]) -> Iterator[dict[str, str]]:
    if source.text is not None:
        yield from _read(io.StringIO(source.text, newline=""), source.delimiter)
        return
    path = rooted_files.readable(source.path or "", roots=roots, field="batch.csv.path")
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from _read(file, source.delimiter)


def _read(file: Iterable[str], delimiter: str) -> Iterator[dict[str, str]]:
    """The rows; lines without any value are left out."""
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            raise PermanentError("batch.csv: two columns have the same name", code="batch")
        for row in reader:
            if row and len(row) != len(header):
                raise PermanentError(
                    f"batch.csv: line {reader.line_num} has {len(row)} values, and the header has {len(header)}",
                    code="batch",
                )
            if row:
                yield dict(zip(header, row, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise PermanentError(f"batch.csv: line {reader.line_num}: {error}", code="batch") from error


def _name(batch: Batch, work: Work, item: Any) -> str:
    value = item.get(batch.name) if batch.name and isinstance(item, dict) else None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)[:MAX_NAME]
    return work.name
