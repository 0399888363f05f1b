"""Words that a datasource's parameters are made of: names, paths, types, secrets."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

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
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2", ".xz": "xz"}
Format = Literal["csv", "json", "jsonl", "parquet"]
Compression = Literal["none", "gzip", "zstd", "bz2", "xz"]


def is_url(path: str) -> bool:
    """Whether a path is no local one."""
    return path.startswith(("http://", "https://", "s3://"))


def suffixes(path: str) -> tuple[str, str]:
    """A path's suffix and, before a compression's, that of what is compressed: ``a.csv.gz`` gives ``.csv`` and ``.gz``."""
    name = PurePosixPath(urlsplit(path).path if path.startswith("http") else path)
    last = name.suffix.lower()
    return (PurePosixPath(name.stem).suffix.lower(), last) if last in COMPRESSIONS else (last, "")


def no_nul(value: str) -> str:
    """Refuse the character NUL."""
    if "\x00" in value:
        raise ValueError("a path cannot contain the character NUL")
    return value


def url(value: str) -> str:
    """An http or https URL with a host and without credentials in it."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected a URL that begins with http:// or https:// and names a host")
    if parts.username or parts.password:
        raise ValueError("a URL must not hold credentials: name a secret in auth")
    return value


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


def _secret_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.\-]{0,99}", value, re.ASCII):
        raise ValueError("expected the name of a secret of the workspace: a letter, then letters, digits, _ . or -")
    return value


def _header(value: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", value, re.ASCII):  # RFC 9110, section 5.6.2
        raise ValueError(f"{value[:40]!r} is no header name")
    return value


Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
Table = Annotated[Identifier, AfterValidator(_table)]
Schema = Annotated[Identifier, AfterValidator(_schema)]
ColumnName = Annotated[str, Field(min_length=1, max_length=63)]
Place = Annotated[str, Field(min_length=1, max_length=1000)]
TypeWord = Annotated[str, AfterValidator(_type)]
SecretName = Annotated[str, AfterValidator(_secret_name)]
HeaderName = Annotated[str, AfterValidator(_header)]
HeaderValue = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
Url = Annotated[str, Field(max_length=4096), AfterValidator(url)]
FilePath = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(no_nul)]
