"""The parameters of a source."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationInfo, field_validator, model_validator

from jobs.documents import Strict
from workers.generate.job import MAX_RECORDS, MAX_SEED
from workers.generate.spec import Dataset
from workers.payloads.datasource.access import S3, Auth
from workers.payloads.datasource.words import (
    COMPRESSIONS,
    FORMATS,
    ColumnName,
    Compression,
    FilePath,
    Format,
    HeaderName,
    HeaderValue,
    Place,
    SecretName,
    TypeWord,
    Url,
    is_url,
    suffixes,
    url,
)

Character = Annotated[str, Field(min_length=1, max_length=1)]
_KINDS = ("path", "sql", "rest", "generate")


class CsvOptions(Strict):
    """How the CSV file is written. Without ``escape`` a quote is doubled; ``skip`` lines come before the header."""

    delimiter: Character | None = None
    quote: str = Field(default='"', max_length=1)
    escape: str = Field(default="", max_length=1)
    skip: int = Field(default=0, ge=0, le=10_000, strict=True)
    decimal: Literal[".", ","] = "."
    header: bool = Field(default=True, strict=True)
    null: str = Field(default="", max_length=100)
    encoding: Literal["utf-8", "utf-16", "latin-1"] = "utf-8"


class SqlSource(Strict):
    """A table or a query of a database, whose SQLAlchemy URL a secret holds."""

    url_secret: SecretName
    schema_name: str | None = Field(default=None, alias="schema", min_length=1, max_length=128)
    table: str | None = Field(default=None, min_length=1, max_length=128)
    query: str | None = Field(default=None, min_length=1, max_length=100_000)

    @model_validator(mode="after")
    def _one(self) -> SqlSource:
        if (self.table is None) == (self.query is None):
            raise ValueError("give either table or query")
        if self.query and self.schema_name:
            raise ValueError("schema is for table only: a query names its own")
        return self


class PagesOptions(Strict):
    """How the pages of an answer follow each other."""

    by: Literal["link_header", "next_link", "cursor", "page", "offset"]
    path: Place | None = None
    parameter: str | None = Field(default=None, min_length=1, max_length=100)
    start: int = Field(default=1, ge=0, strict=True)
    size_parameter: str | None = Field(default=None, min_length=1, max_length=100)
    size: int | None = Field(default=None, ge=1, le=100_000, strict=True)
    maximum: int | None = Field(default=None, ge=1, strict=True)

    @model_validator(mode="after")
    def _what_it_needs(self) -> PagesOptions:
        needs = {"next_link": ["path"], "cursor": ["path", "parameter"], "page": ["parameter"], "offset": ["parameter"]}
        for field in needs.get(self.by, ()):
            if getattr(self, field) is None:
                raise ValueError(f"pages by {self.by} need {field}")
        if (self.size_parameter is None) != (self.size is None):
            raise ValueError("give both size_parameter and size, or neither")
        return self


class RestSource(Strict):
    """Records of a REST service."""

    url: Url
    query: dict[str, str | int | float | bool] = Field(default_factory=dict)
    records: Place | None = None
    pages: PagesOptions | None = None
    since: str | None = Field(default=None, min_length=1, max_length=100)


class GeneratedSource(Strict):
    """Made-up rows: a dataset as a generate payload has it, which refers to no other."""

    spec: Dataset
    rows: int = Field(ge=1, le=MAX_RECORDS, strict=True)
    seed: int = Field(default=0, ge=0, le=MAX_SEED, strict=True)
    _document: dict[str, Any] = PrivateAttr(default_factory=dict)

    @field_validator("spec")
    @classmethod
    def _by_itself(cls, value: Dataset) -> Dataset:
        if value.references:
            raise ValueError(f"{value.references[0].name} refers to another dataset, and there is none here")
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _keep_document(cls, data: Any, validate: ModelWrapValidatorHandler[GeneratedSource]) -> GeneratedSource:
        made = validate(data)
        made._document = data["spec"]
        return made

    @property
    def document(self) -> dict[str, Any]:
        """The spec as it was written, for the child."""
        return self._document


class Limit(Strict):
    """How much is read at most."""

    rows: int | None = Field(default=None, ge=1, strict=True)
    seconds: float | None = Field(default=None, gt=0)


class Source(Strict):
    """Where the rows come from: exactly one of path, sql, rest and generate. Of a path the suffix says the format."""

    path: FilePath | None = None
    sql: SqlSource | None = None
    rest: RestSource | None = None
    generate: GeneratedSource | None = None
    format: Format | None = Field(default=None, validate_default=True)
    compression: Compression | None = None
    csv: CsvOptions | None = None
    records: str | None = Field(default=None, min_length=1, max_length=1000)
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    auth: Auth | None = None
    s3: S3 | None = None
    fields: Annotated[dict[ColumnName, Place], Field(max_length=1600)] = Field(default_factory=dict)
    types: dict[ColumnName, TypeWord] = Field(default_factory=dict)
    drop: Annotated[list[Place], Field(max_length=1600)] = Field(default_factory=list)
    rename: Annotated[dict[Place, ColumnName], Field(max_length=1600)] = Field(default_factory=dict)
    limit: Limit = Field(default_factory=Limit)

    @field_validator("path")
    @classmethod
    def _readable_path(cls, value: str | None) -> str | None:
        if value is None:
            return value
        if value.startswith(("http://", "https://")):
            return url(value)
        if "://" in value and not is_url(value):
            raise ValueError("expected a local path, or a URL that begins with http://, https:// or s3://")
        if any(sign in value for sign in "[]{}"):
            raise ValueError("a pattern has * and ? only: the path cannot contain any of []{}")
        return value

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: Format | None, info: ValidationInfo) -> Format | None:
        path = info.data.get("path")
        if value is None and path and suffixes(path)[0] not in FORMATS:
            raise ValueError(
                f"cannot be told from the path, which ends in none of {', '.join(FORMATS)}: expected csv, json, jsonl or parquet"
            )
        if value is not None and not path and "path" in info.data:
            raise ValueError("is for files only")
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

    @field_validator("headers", "auth")
    @classmethod
    def _http_only(cls, value: Any, info: ValidationInfo) -> Any:
        over_http = info.data.get("rest") or str(info.data.get("path")).startswith(("http://", "https://"))
        if value and not over_http:
            raise ValueError("is for http URLs and rest only")
        return value

    @field_validator("s3")
    @classmethod
    def _s3_only(cls, value: S3 | None, info: ValidationInfo) -> S3 | None:
        if value and not str(info.data.get("path")).startswith("s3://"):
            raise ValueError("is for s3:// paths only")
        return value

    @field_validator("drop", "rename")
    @classmethod
    def _without_fields(cls, value: Any, info: ValidationInfo) -> Any:
        if value and info.data.get("fields"):
            raise ValueError("is for a source without fields: fields name what is kept, and how it is called")
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Source:
        if sum(getattr(self, kind) is not None for kind in _KINDS) != 1:
            raise ValueError(f"expected exactly one of {', '.join(_KINDS)}")
        if self.limit.seconds and self.path:
            raise ValueError(
                "limit.seconds is for sql, rest and generate: a file is read whole, within the payload's timeout"
            )
        return self

    @property
    def resolved_format(self) -> str:
        """As given, or as the suffix says; "" for what is no file."""
        return self.format or (FORMATS[suffixes(self.path)[0]] if self.path else "")

    @property
    def resolved_compression(self) -> Compression:
        """As given, or as the suffix says."""
        found = COMPRESSIONS.get(suffixes(self.path)[1], "none") if self.path else "none"
        return self.compression or found  # type: ignore[return-value]

    @property
    def delimiter(self) -> str:
        """As given, or a tab for .tsv, or a comma."""
        is_tsv = self.path and suffixes(self.path)[0] == ".tsv"
        return (self.csv and self.csv.delimiter) or ("\t" if is_tsv else ",")

    @property
    def secret_names(self) -> list[str]:
        """The secrets that it uses."""
        names = self.s3.secret_names if self.s3 else []
        names += [self.auth.secret_name] if self.auth else []
        return names + ([self.sql.url_secret] if self.sql else [])


def _only_for(wanted: str, info: ValidationInfo) -> None:
    if "format" not in info.data or "path" not in info.data:
        return  # those have errors of their own
    path = info.data["path"]
    found = info.data["format"] or (FORMATS.get(suffixes(path)[0]) if path else None)
    if found != wanted:
        raise ValueError(f"is for {wanted} files only" + (f"; this one is {found}" if found else ""))
