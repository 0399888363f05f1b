"""Records as Arrow batches: for Parquet files, and for whoever reads made-up data as a source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from workers.generate.block import Block
from workers.generate.independent import Plan
from workers.generate.layout import Column, Layout, layout_of
from workers.generate.records import Records
from workers.generate.spec import Dataset
from workers.generate.values import Type

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""What ``past`` and ``future`` are counted from when nobody says."""

_TYPES = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.BYTES: pa.binary(),
    Type.DATE: pa.date32(),
    Type.TIME: pa.time64("us"),
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}


def batches(
    spec: Dataset | Mapping[str, Any], *, rows: int, seed: int, now: dt.datetime = EPOCH
) -> Iterator[pa.RecordBatch]:
    """Make the records of one dataset.

    Args:
        spec: The dataset, or its document. It may not refer to other datasets.
        rows: How many; 0 yields no batch.
        seed: The same one makes the same records.
        now: What ``past`` and ``future`` are counted from; aware, UTC.

    Returns:
        Batches of 1,000 records at most, in order, made as they are asked for. All have the schema that `schema_of` gives.

    Raises:
        pydantic.ValidationError: The document is no dataset.
        ValueError: It refers to another dataset.
        PermanentError: There are not enough different values, or an expression failed.
    """
    dataset = spec if isinstance(spec, Dataset) else Dataset.model_validate(spec)
    if dataset.references:
        raise ValueError(f"{dataset.name} refers to other datasets, which are not here")
    layout = layout_of(dataset, {})
    schema = schema_of(layout)
    for block in Records(Plan(dataset, seed, now), records=rows).blocks():
        yield batch_of(block, schema)


def schema_of(layout: Layout) -> pa.Schema:
    """The Arrow schema of a layout."""
    return pa.schema([_field(column) for column in layout.columns])


def batch_of(block: Block, schema: pa.Schema) -> pa.RecordBatch:
    """A block as a batch."""
    arrays = [pa.array(values, type=field.type) for values, field in zip(block.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, _type(column), nullable=column.nullable)


def _type(column: Column) -> pa.DataType:
    match column.type:
        case Type.DECIMAL:
            return pa.decimal128(38, column.scale)
        case Type.LIST:
            return pa.list_(_type(column.inner[0]))
        case Type.OBJECT:
            return pa.struct([_field(inner) for inner in column.inner])
    return _TYPES[column.type]
