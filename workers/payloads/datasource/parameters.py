"""The parameters of a datasource payload. Pure: nothing is looked up, opened or connected to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from jobs.documents import Strict
from jobs.durations import parse_ms
from workers.payloads.datasource.access import S3
from workers.payloads.datasource.source_parameters import Source
from workers.payloads.datasource.words import ColumnName, FilePath, Schema, SecretName, Table

_OUTPUTS = {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_GLOB = "*?[]{}"


def _one_file(value: str) -> str:
    if any(sign in value for sign in _GLOB):
        raise ValueError(f"names one file: it cannot contain any of {_GLOB}")
    return value


def _duckdb_file(value: str) -> str:
    if PurePath(value).suffix not in (".duckdb", ".db"):
        raise ValueError("expected a file that ends in .duckdb or .db")
    return _one_file(value)


def _output_file(value: str) -> str:
    if "://" in value and not value.startswith("s3://"):
        raise ValueError("expected a local path, or a URL that begins with s3://")
    return _one_file(value)


class PostgresqlDestination(Strict):
    """A table in PostgreSQL: of the server that a secret's URL names, or of this system's own database."""

    url_secret: SecretName | None = None
    database: Literal["default"] | None = None
    schema_name: Schema = Field(default="datasource", alias="schema")
    table: Table

    @field_validator("schema_name")
    @classmethod
    def _not_the_systems_own(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("database") and value.lower() == "public":
            raise ValueError("in this system's own database, public holds its own tables; name another schema")
        return value

    @model_validator(mode="after")
    def _one_database(self) -> PostgresqlDestination:
        if (self.url_secret is None) == (self.database is None):
            raise ValueError(
                "expected either url_secret, the name of a secret with a PostgreSQL URL, or database: default"
            )
        return self


class DuckdbDestination(Strict):
    """A table in a DuckDB file, which is created when there is none."""

    path: Annotated[FilePath, AfterValidator(_duckdb_file)]
    table: Table


class SqlDestination(Strict):
    """A table of any database that SQLAlchemy reaches; a secret holds its URL."""

    url_secret: SecretName
    schema_name: Schema | None = Field(default=None, alias="schema")
    table: Table


class FilesDestination(Strict):
    """A file, or with ``write: append`` one more beside it for each load. The suffix says the format."""

    path: Annotated[FilePath, AfterValidator(_output_file)]
    format: Literal["parquet", "jsonl"] | None = Field(default=None, validate_default=True)
    s3: S3 | None = None

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and "path" in info.data and PurePath(info.data["path"]).suffix.lower() not in _OUTPUTS:
            raise ValueError(f"cannot be told from the path, which ends in none of {', '.join(_OUTPUTS)}")
        return value

    @field_validator("s3")
    @classmethod
    def _s3_only(cls, value: S3 | None, info: ValidationInfo) -> S3 | None:
        if value and not str(info.data.get("path")).startswith("s3://"):
            raise ValueError("is for s3:// paths only")
        return value

    @property
    def resolved_format(self) -> str:
        """As given, or as the suffix says."""
        return self.format or _OUTPUTS[PurePath(self.path).suffix.lower()]


class Destination(Strict):
    """Where the rows go: exactly one of the four."""

    postgresql: PostgresqlDestination | None = None
    duckdb: DuckdbDestination | None = None
    files: FilesDestination | None = None
    sql: SqlDestination | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Destination:
        if sum(place is not None for place in (self.postgresql, self.duckdb, self.files, self.sql)) != 1:
            raise ValueError("expected exactly one of postgresql, duckdb, files and sql")
        return self

    @property
    def secret_names(self) -> list[str]:
        """The secrets that it uses."""
        if self.files:
            return self.files.s3.secret_names if self.files.s3 else []
        server = self.postgresql or self.sql
        return [server.url_secret] if server and server.url_secret else []


class Cursor(Strict):
    """Incremental loading: rows whose ``column`` is beyond the highest value that was loaded before."""

    column: ColumnName
    lag: int | float | str = 0
    initial: Annotated[str, Field(min_length=1, max_length=100)] | None = None

    @field_validator("initial", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        # YAML reads 2020-01-01 as a date and 7 as a number.
        return str(value) if value is not None and not isinstance(value, bool) else value

    @field_validator("lag")
    @classmethod
    def _distance(cls, value: float | str) -> float | str:
        distance = _distance(value)
        if distance < 0:
            raise ValueError("the lag cannot be negative")
        return value

    @property
    def lag_distance(self) -> float:
        """In seconds where it was given as a duration, else in the column's own unit."""
        return _distance(self.lag)


class Rejected(Strict):
    """Rows that cannot be loaded: how many may be, and how many of them are kept for looking at."""

    maximum: int = Field(default=0, ge=0, strict=True)
    keep: int = Field(default=100, ge=0, le=1000, strict=True)


class DatasourceParameters(Strict):
    """What to load, where, and how it meets what is there.

    Args:
        source: ``{"path": "flights.csv"}``, ``{"sql": ...}``, ``{"rest": ...}`` or ``{"generate": ...}``.
        destination: ``{"postgresql": {"url_secret": NAME, "table": "flights"}}``, ``{"duckdb": {"path", "table"}}``,
            ``{"files": ...}`` or ``{"sql": ...}``.
        write: replace what is there, append to it, or merge by key.
        key: The columns by which a row is known again: ``["id"]``.
        cursor: Load only what is newer: ``{"column": "updated_at"}``.
        contract: What becomes of rows that do not fit the table: it evolves, the load fails, or they are left out.
        rejected: How many rows may be left out, and what is kept of them.
        memory_limit_mb: Of the process that loads.
    """

    source: Source
    destination: Destination
    write: Literal["replace", "append", "merge"] = "replace"
    key: Annotated[list[ColumnName], Field(max_length=32)] = Field(default_factory=list, validate_default=True)
    cursor: Cursor | None = None
    contract: Literal["evolve", "freeze", "discard_row"] = "evolve"
    rejected: Rejected = Field(default_factory=Rejected)
    memory_limit_mb: int = Field(default=512, ge=64, le=65_536, strict=True)

    @field_validator("write")
    @classmethod
    def _no_merge_into_files(cls, value: str, info: ValidationInfo) -> str:
        destination = info.data.get("destination")
        if value == "merge" and destination and destination.files:
            raise ValueError("files cannot be merged into: expected replace or append")
        return value

    @field_validator("key")
    @classmethod
    def _for_merge(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if "write" in info.data and (info.data["write"] == "merge") != bool(value):
            raise ValueError(
                "merge needs the columns that tell rows apart" if not value else "is for write: merge only"
            )
        if len(set(value)) < len(value):
            raise ValueError("a column is named twice")
        return value

    @field_validator("cursor")
    @classmethod
    def _for_adding(cls, value: Cursor | None, info: ValidationInfo) -> Cursor | None:
        if value is None:
            return value
        if info.data.get("write") == "replace":
            raise ValueError("replace loads everything: a cursor is for append and merge")
        if info.data.get("write") == "append" and value.lag_distance:
            raise ValueError("rows within the lag come again, and an append would add them twice: take write: merge")
        source = info.data.get("source")
        if source and source.limit.seconds:
            raise ValueError("cannot go with source.limit.seconds: what was not reached in time would never be loaded")
        return value

    @field_validator("contract")
    @classmethod
    def _not_for_files(cls, value: str, info: ValidationInfo) -> str:
        destination = info.data.get("destination")
        if value != "evolve" and destination and destination.files:
            raise ValueError("files have no columns of their own: expected evolve")
        return value


def secrets_of(parameters: Mapping[str, Any]) -> list[str]:
    """The names of the secrets that valid parameters use."""
    model = DatasourceParameters.model_validate(parameters)
    return [*model.source.secret_names, *model.destination.secret_names]


def _distance(value: float | str) -> float:
    return parse_ms(value) / 1000 if isinstance(value, str) else float(value)
