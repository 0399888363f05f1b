"""What is to be loaded where: the document that the worker hands to the child process."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

JSON = Any


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written.

    Args:
        quote: "" for none.
        escape: What stands before a quote that is none; "" for the quote itself.
        skip: Lines before the header.
        null: The unquoted text that stands for NULL.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skip: int = 0
    decimal: str = "."
    header: bool = True
    null: str = ""
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """What goes with each HTTP request. Both may hold secrets."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class S3Access:
    """An S3 service. Without ``endpoint_url`` it is Amazon's; without an access key the requests are anonymous."""

    endpoint_url: str = ""
    region: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Sql:
    """A table, or a query in its place, of a database that SQLAlchemy reaches."""

    url: str = field(repr=False)
    schema: str = ""
    table: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """How the pages of a REST answer follow each other.

    Args:
        by: none; ``link_header`` (RFC 8288, rel=next); ``next_link`` (a URL at ``path`` of the answer); ``cursor`` (what is at
            ``path`` goes into ``parameter``); ``page`` (its number, from ``start``); ``offset`` (of its first record).
        size_parameter, size: How many records a page shall have; 0 leaves that to the service. For ``offset`` it is needed.
        most: Pages that are read at most; 0 for all.
    """

    by: Literal["none", "link_header", "next_link", "cursor", "page", "offset"] = "none"
    path: str = ""
    parameter: str = ""
    start: int = 1
    size_parameter: str = ""
    size: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """Records of a REST service: ``records`` is their dotted path in an answer, "" for the answer itself.

    ``since`` names the parameter that takes the incremental cursor's value, if the service has one.
    """

    url: str
    records: str = ""
    pages: Pages = Pages()
    since: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """Made-up rows: what `workers.generate.batches` is called with."""

    spec: dict[str, JSON]
    rows: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows come from: files, or exactly one of sql, rest and generate.

    Args:
        path: A local file (absolute, checked by the worker), an http(s) URL, or an s3 URL, which may hold ``*`` and ``?``.
        paths: Several local files in place of ``path``.
        format: csv, json, jsonl or parquet.
        compression: none, gzip, zstd, bz2 or xz.
        csv: The dialect; only for csv.
        records: Dotted path to the records in a json file; "" for the whole file.
        fields: Column to dotted path (json, jsonl, rest) or to the source's column (others), in order; empty for all.
        types: Column of the result to one of `workers.ingest.columns.TYPES`; the other columns' types are inferred.
        drop: Columns of the source that are left out. Only without ``fields``, as ``rename`` is.
        rename: Column of the source to its name in the result.
        limit_rows, limit_seconds: After so many rows, or so long, no more is read; 0 for no limit.
        limit_bytes: After about so many bytes no more is fetched of files that can be cut at a line; 0 for no limit.
        allow: Networks that may be connected to although they are not public.
    """

    path: str = ""
    format: str = ""
    paths: list[str] = field(default_factory=list)
    compression: Literal["none", "gzip", "zstd", "bz2", "xz"] = "none"
    csv: CsvDialect = CsvDialect()
    records: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)
    rename: dict[str, str] = field(default_factory=dict)
    limit_rows: int = 0
    limit_seconds: float = 0
    limit_bytes: int = 0
    http: HttpAccess = HttpAccess()
    s3: S3Access | None = None
    sql: Sql | None = None
    rest: Rest | None = None
    generate: Generated | None = None
    allow: list[str] = field(default_factory=list)

    @property
    def local_paths(self) -> list[str]:
        """The files, where they are local."""
        return self.paths or [self.path]

    @property
    def described(self) -> str:
        """A word or two for people, without secrets: a URL's query is left out."""
        if self.sql:
            return f"table {self.sql.table}" if self.sql.table else "a query"
        if self.rest:
            return self.rest.url.partition("?")[0]
        if self.generate:
            return "generated rows"
        if len(self.paths) > 1:
            return f"{len(self.paths)} files"
        if self.path.startswith("s3://"):
            return self.path
        return self.path.partition("?")[0] if "://" in self.path else self.local_paths[0].rpartition("/")[2]

    @property
    def can_be_cut(self) -> bool:
        """Whether the first lines of its files can be read without the others."""
        return self.format in ("csv", "jsonl") and self.compression == "none" and self.csv.encoding != "utf-16"

    def origin_of(self, column: str) -> str:
        """What the source calls a column of the result."""
        renamed = {new: old for old, new in self.rename.items()}
        return self.fields.get(column) or renamed.get(column, column)

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Source:
        """The inverse of `to_json`."""
        return TypeAdapter(Source).validate_python(data)


@dataclass(frozen=True, slots=True)
class Target:
    """A table or a file.

    Args:
        kind: postgresql (``conninfo``, ``schema``, ``table``), duckdb (``path``, ``table``), sqlalchemy (``url``, ``schema``,
            ``table``) or files (``path``: absolute or an s3 URL; ``format``: parquet or jsonl; ``s3``).
        allow: Networks that may be connected to although they are not public.
    """

    kind: str
    table: str = ""
    schema: str = ""
    path: str = ""
    format: str = ""
    conninfo: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    s3: S3Access | None = None
    allow: list[str] = field(default_factory=list)

    @property
    def described(self) -> str:
        """For people, without secrets."""
        if self.kind == "files":
            return self.path if "://" in self.path else self.path.rpartition("/")[2]
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Target:
        """The inverse of `to_json`."""
        return TypeAdapter(Target).validate_python(data)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The incremental cursor: only rows whose ``column`` is beyond the last load's highest value are loaded.

    Args:
        column: A column of the result.
        lag: How far before that value to begin: seconds for times, the column's own unit for numbers.
        initial: Where the first load begins, as text; "" for everything.
        reached: The value that we know to be reached in this destination, ``{"type", "value"}``; it may know a later one itself.
    """

    column: str
    lag: float = 0
    initial: str = ""
    reached: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """One load.

    Args:
        write: ``replace``, ``append`` or ``merge``.
        load_key: The same for every attempt at this load and for no other: makes a load happen once.
        key: The columns that tell rows apart, for ``merge``.
        contract: ``evolve``, ``freeze`` or ``discard_row``: what a column means that the table does not have.
        most_rejected: Rows that may fail without failing the load.
        keep_rejected: How many of them are kept for looking at.
        job, stream: Whose state it is, in the destination's tables.
        generation: Of that state; a reset raises it.
        memory_limit_mb: For DuckDB; beyond it DuckDB spills to the working directory where it can.
    """

    source: Source
    target: Target
    write: str
    load_key: str
    key: list[str] = field(default_factory=list)
    cursor: Cursor | None = None
    contract: str = "evolve"
    most_rejected: int = 0
    keep_rejected: int = 100
    job: str = ""
    stream: str = ""
    generation: int = 1
    memory_limit_mb: int = 512

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> LoadSpec:
        """The inverse of `to_json`."""
        return TypeAdapter(LoadSpec).validate_python(data)
