"""What every sink of bytes is told about its content."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from jobs.documents.basis import Strict
from sinks.base import Holding
from sinks.content.names import check_template

Format = Literal["json", "jsonl", "csv", "parquet"]
Compression = Literal["none", "gzip", "zstd", "zip"]

_SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst", "zip": ".zip"}


class ContentConfiguration(Strict):
    """Which bytes, and under which name.

    Args:
        key: The template of the name; left out, one for what a delivery holds. See `sinks.content.names`.
        format: Left out, ``json`` for one payload and ``jsonl`` for many.
        compression: In front of the target; within the file where it is Parquet.
        manifest: Whether a manifest is written after the content; left out, where a delivery holds more than one payload.
    """

    key: Annotated[str, AfterValidator(check_template)] | None = None
    format: Format | None = None
    compression: Compression = "none"
    manifest: bool | None = Field(default=None, strict=True)

    @model_validator(mode="after")
    def _fits(self) -> ContentConfiguration:
        if self.format == "parquet" and self.compression == "zip":
            raise ValueError("a Parquet file compresses its columns itself: expected none, gzip or zstd")
        return self

    def format_for(self, unit: Holding) -> Format:
        """The format of a delivery that holds this."""
        return self.format or ("json" if unit == "payload" else "jsonl")

    def extension_for(self, unit: Holding) -> str:
        """What its name ends with, without the first dot."""
        kind = self.format_for(unit)
        return kind if kind == "parquet" else kind + _SUFFIXES[self.compression]

    def has_manifest(self, unit: Holding) -> bool:
        """Whether a manifest is written."""
        return unit in ("batch", "run") if self.manifest is None else self.manifest
