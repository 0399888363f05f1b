"""What is to be loaded where: the document that the worker hands to the child process."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written. ``null`` is the unquoted text that stands for NULL."""

    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    null: str = ""
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Source:
    """A file.

    Args:
        path: Absolute, checked by the worker.
        format: csv, json, jsonl or parquet.
        csv: The dialect; only for csv.
        records: Dotted path to the records in a json file; "" for the whole file.
        fields: Column to dotted path (json, jsonl) or to the source's column (csv, parquet), in order; empty for all.
        types: Column of the result to one of `workers.ingest.columns.TYPES`; the other columns' types are inferred.
    """

    path: str
    format: str
    csv: CsvDialect = CsvDialect()
    records: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A table. ``conninfo`` and ``schema`` are for kind postgresql, ``path`` is for kind duckdb."""

    kind: str
    table: str
    schema: str = ""
    path: str = ""
    conninfo: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """One load.

    Args:
        write: ``replace`` or ``append``.
        load_key: The same for every attempt at this load and for no other: makes an append happen once.
        memory_limit_mb: For DuckDB; beyond it DuckDB spills to the working directory where it can.
    """

    source: Source
    target: Target
    write: str
    load_key: str
    memory_limit_mb: int = 512

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> LoadSpec:
        """The inverse of `to_json`."""
        source = Source(**{**data["source"], "csv": CsvDialect(**data["source"]["csv"])})
        return cls(**{**data, "source": source, "target": Target(**data["target"])})
