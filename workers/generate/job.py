"""A whole job: which datasets, how many records, in which format, to where."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from workers.generate.formats.options import BINARY, EXCEL_ROWS, AnyFormat, CsvFormat, check_format
from workers.generate.spec import Dataset, Datasets

MAX_RECORDS = 10**9
MAX_SEED = 2**53 - 1


class GenerateJob(Datasets):
    """See docs/reference/generate-payload.md.

    Args:
        records: How many each dataset has that does not say its own.
        randomize_records: Whether that is the most, and one the least.
        seed: The same seed makes the same data; left out, each run has another one.
        processes: How many make records side by side.
        output: file to download, or screen: in the result.
        flush_each_record: Whether each record is written before the next is made.
        buffer_bytes: How much is written at once.
        format: ``{"type": "csv"}``, ``jsonl``, ``parquet``, ``avro``, ``xml``, ``sql`` and others.
    """

    records: Annotated[int, Field(ge=1, le=MAX_RECORDS)] = 10
    randomize_records: bool = False
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    processes: Annotated[int, Field(ge=1, le=32)] = 1
    output: Literal["screen", "file"] = "file"
    flush_each_record: bool = False
    buffer_bytes: Annotated[int, Field(ge=0, le=64 * 1024 * 1024)] = 65_536
    format: AnyFormat = Field(default_factory=lambda: CsvFormat(type="csv"), validate_default=True)

    @field_validator("format")
    @classmethod
    def _fits(cls, value: AnyFormat, info: ValidationInfo) -> AnyFormat:
        given = info.data
        check_format(value, given.get("datasets", []))
        if value.type in BINARY and given.get("output") == "screen":
            raise ValueError(f"{value.type} is no text, so it cannot be shown: use output: file, or another format")
        if value.type in BINARY and given.get("flush_each_record"):
            raise ValueError(
                f"{value.type} cannot be flushed after each record: leave flush_each_record out, or use another format"
            )
        if value.type == "excel" and most_records(given) >= EXCEL_ROWS:
            raise ValueError(
                f"an Excel sheet has {EXCEL_ROWS:,} rows at most, its header included: ask for fewer records"
            )
        return value

    def records_of(self, dataset: Dataset) -> int:
        """How many records a dataset has, or has at most."""
        return dataset.records or self.records


def most_records(given: dict[str, object]) -> int:
    """The largest number of records that a dataset is asked for; 0 when that cannot be told."""
    records, datasets = given.get("records"), given.get("datasets")
    if not isinstance(records, int) or not isinstance(datasets, list):
        return 0
    return max((dataset.records or records for dataset in datasets), default=0)
