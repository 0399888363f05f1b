"""What a sink of kind ``sql`` is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from jobs.documents.basis import Strict
from jobs.http.fields import SecretName
from sinks.expressions import Expression

ColumnType = Literal["text", "integer", "number", "decimal", "boolean", "timestamp", "date", "json"]
DELIVERY, POSITION = "delivery_id", "position"
"""The columns that tell rows apart where the sink is given no key."""


def _identifier(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise ValueError("expected a name")
    return value


Identifier = Annotated[str, Field(max_length=63), AfterValidator(_identifier)]


class Column(Strict):
    """Where a column's value comes from.

    Args:
        path: A JMESPath expression over the record.
        type: What a new table's column is of; a table that is there keeps its own.
    """

    path: Expression
    type: ColumnType = "text"


_WHOLE_RECORD = {
    "run": Column(path="run", type="integer"),
    "job": Column(path="job"),
    "name": Column(path="name"),
    "state": Column(path="state"),
    "attempts": Column(path="attempts", type="integer"),
    "started_at": Column(path="started_at", type="timestamp"),
    "ended_at": Column(path="ended_at", type="timestamp"),
    "result": Column(path="result", type="json"),
    "error": Column(path="error", type="json"),
}


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _spelled_out(columns: object) -> object:
    """Each column with its path, from the shorter ways to write it: ``[city]`` and ``{city: result.city}``."""
    if isinstance(columns, list):
        columns = {name: f"result.{_quoted(str(name))}" for name in columns}
    if not isinstance(columns, Mapping):
        return columns
    return {name: {"path": said} if isinstance(said, str) else said for name, said in columns.items()}


class DatabaseConfiguration(Strict):
    """Which table, and what goes into it.

    Args:
        url_secret: The secret that holds the database's URL.
        ca_secret: The name of a secret with the authorities to trust, as PEM. The server must then show a certificate of theirs.
        table: Its name.
        db_schema: Written ``schema``: the schema that it is in.
        columns: By name what each takes from a record; or a list of names that are those of the result's own fields. Left out, the
            record itself.
        key: The columns by which a row is known again. Left out, ``delivery_id`` and ``position``, which are added.
        newest_by: The column that tells which of two rows of the same key is newer, ``run`` say; left out, the one written last.
        create: Whether to make the table when it is not there.
    """

    url_secret: SecretName
    ca_secret: SecretName | None = None
    table: Identifier
    db_schema: Identifier | None = Field(default=None, alias="schema")
    columns: Annotated[
        dict[Identifier, Column], BeforeValidator(_spelled_out, json_schema_input_type=list[str] | dict[str, Any])
    ] = Field(default=_WHOLE_RECORD, min_length=1, max_length=500)
    key: list[Identifier] | None = Field(default=None, min_length=1, max_length=16)
    newest_by: Identifier | None = None
    create: bool = Field(default=True, strict=True)

    @model_validator(mode="after")
    def _keys_are_columns(self) -> DatabaseConfiguration:
        if missing := [name for name in self.key or () if name not in self.columns]:
            raise ValueError(f"key: {missing[0]!r} is none of the columns")
        if self.key is None and (taken := {DELIVERY, POSITION} & self.columns.keys()):
            raise ValueError(f"columns: {min(taken)} is added by the sink, unless it has a key")
        return self

    @model_validator(mode="after")
    def _the_newest_is_told_by_a_column(self) -> DatabaseConfiguration:
        if self.newest_by is not None and (self.key is None or self.newest_by in self.key):
            raise ValueError("newest_by: expected a key of your own, and a column that is no part of it")
        if self.newest_by is not None and self.newest_by not in self.columns:
            raise ValueError(f"newest_by: {self.newest_by!r} is none of the columns")
        return self

    @property
    def all_columns(self) -> dict[str, Column]:
        """Those of a row."""
        if self.key:
            return self.columns
        own = {DELIVERY: Column(path=DELIVERY), POSITION: Column(path=POSITION, type="integer")}
        return own | self.columns

    @property
    def known_by(self) -> list[str]:
        """The columns by which a row is known again."""
        return self.key or [DELIVERY, POSITION]

    @property
    def target(self) -> str:
        """The table, for people."""
        return f"{self.db_schema}.{self.table}" if self.db_schema else self.table


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that a configuration uses."""
    return [configuration[name] for name in ("url_secret", "ca_secret") if configuration.get(name)]
