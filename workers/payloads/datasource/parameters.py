"""The parameters of a datasource payload. Pure: nothing is looked up, opened or connected to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from jobs.documents import Strict
from workers.ingest.columns import duckdb_type

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".geojson": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
Format = Literal["csv", "json", "jsonl", "parquet"]
_GLOB = "*?[]{}"


def _path(value: str) -> str:
    if any(sign in value for sign in _GLOB):
        raise ValueError(f"names one file: it cannot contain any of {_GLOB}")
    if "\x00" in value:
        raise ValueError("a path cannot contain the character NUL")
    return value


def _duckdb_file(value: str) -> str:
    if PurePath(value).suffix not in (".duckdb", ".db"):
        raise ValueError("expected a file that ends in .duckdb or .db")
    return _path(value)


def _type(value: str) -> str:
    duckdb_type(value)
    return value


def _schema(value: str) -> str:
    if value.lower().startswith("pg_") or value.lower() == "information_schema":
        raise ValueError(f"{value!r} belongs to PostgreSQL itself; name another schema")
    return value


def _table(value: str) -> str:
    if value.lower().startswith("_jobs_"):
        raise ValueError("names that begin with _jobs_ are kept for the records of loads; choose another")
    return value


Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
Table = Annotated[Identifier, AfterValidator(_table)]
Character = Annotated[str, Field(min_length=1, max_length=1)]
ColumnName = Annotated[str, Field(min_length=1, max_length=63)]


class CsvOptions(Strict):
    """How the CSV file is written."""

    delimiter: Character | None = None
    quote: Character = '"'
    header: bool = Field(default=True, strict=True)
    null: str = Field(default="", max_length=100)
    encoding: Literal["utf-8", "utf-16", "latin-1"] = "utf-8"


class Source(Strict):
    """The file and how to read it. Without ``format`` the suffix says it."""

    path: Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_path)]
    format: Format | None = Field(default=None, validate_default=True)
    csv: CsvOptions | None = None
    records: str | None = Field(default=None, min_length=1, max_length=1000)
    fields: Annotated[
        dict[ColumnName, Annotated[str, Field(min_length=1, max_length=1000)]], Field(max_length=1600)
    ] = Field(default_factory=dict)
    types: dict[ColumnName, Annotated[str, AfterValidator(_type)]] = Field(default_factory=dict)

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: Format | None, info: ValidationInfo) -> Format | None:
        if value is None and "path" in info.data and _suffix(info.data["path"]) not in FORMATS:
            raise ValueError(
                f"cannot be told from the path, which ends in none of {', '.join(FORMATS)}: expected csv, json, jsonl or parquet"
            )
        return value

    @field_validator("csv")
    @classmethod
    def _csv_only(cls, value: CsvOptions | None, info: ValidationInfo) -> CsvOptions | None:
        _only_for("csv", info)
        return value

    @field_validator("records")
    @classmethod
    def _json_only(cls, value: str | None, info: ValidationInfo) -> str | None:
        _only_for("json", info)
        return value

    @property
    def resolved_format(self) -> str:
        """As given, or as the suffix says."""
        return self.format or FORMATS[_suffix(self.path)]

    @property
    def delimiter(self) -> str:
        """As given, or a tab for .tsv, or a comma."""
        return (self.csv and self.csv.delimiter) or ("\t" if _suffix(self.path) == ".tsv" else ",")


class PostgresqlDestination(Strict):
    """A table in PostgreSQL: of the server that a secret's URL names, or of this system's own database."""

    url_secret: str | None = Field(default=None, min_length=1, max_length=100)
    database: Literal["default"] | None = None
    schema_name: Annotated[Identifier, AfterValidator(_schema)] = Field(default="datasource", alias="schema")
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

    path: Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_duckdb_file)]
    table: Table


class Destination(Strict):
    """Where the rows go: exactly one of the two."""

    postgresql: PostgresqlDestination | None = None
    duckdb: DuckdbDestination | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Destination:
        if (self.postgresql is None) == (self.duckdb is None):
            raise ValueError("expected exactly one of postgresql and duckdb")
        return self


class DatasourceParameters(Strict):
    """What to load, where, and how it meets what is there."""

    source: Source
    destination: Destination
    write: Literal["replace", "append"] = "replace"
    memory_limit_mb: int = Field(default=512, ge=64, le=65_536, strict=True)


def secrets_of(parameters: Mapping[str, Any]) -> list[str]:
    """The names of the secrets that valid parameters use."""
    postgresql = DatasourceParameters.model_validate(parameters).destination.postgresql
    return [postgresql.url_secret] if postgresql and postgresql.url_secret else []


def _suffix(path: str) -> str:
    return PurePath(path).suffix.lower()


def _only_for(wanted: str, info: ValidationInfo) -> None:
    if "format" not in info.data or "path" not in info.data:
        return  # those have errors of their own
    found = info.data["format"] or FORMATS.get(_suffix(info.data["path"]))
    if found != wanted:
        raise ValueError(f"is for {wanted} files only; this one is {found}")
