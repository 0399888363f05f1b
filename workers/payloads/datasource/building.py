"""From parameters to what the child is told: paths are found, secrets read, and what the deployment does not allow is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connections

from jobs.errors import PermanentError
from workers import rooted_files
from workers.ingest import spec
from workers.payloads.datasource import databases, patterns
from workers.payloads.datasource.access import S3, Auth
from workers.payloads.datasource.connections import from_secret, own, password_of
from workers.payloads.datasource.parameters import (
    DatasourceParameters,
    FilesDestination,
    PostgresqlDestination,
    SqlDestination,
)
from workers.payloads.datasource.source_parameters import GeneratedSource, RestSource, Source, SqlSource
from workers.payloads.datasource.words import is_url

Secret = Callable[[str], str]

_ANYWHERE = ["0.0.0.0/0", "::/0"]
"""Where the system's own database is, is the deployment's affair."""


class _Secrets:
    """Reads secrets, and remembers what must never be kept."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self.seen: list[str] = []

    def read(self, name: str) -> str:
        """The secret's value."""
        value = self._secret(name)
        self.hide(value)
        return value

    def hide(self, *values: str) -> None:
        """Remember values that were made from secrets."""
        self.seen += [value for value in values if value]


def source_spec(parameters: DatasourceParameters, *, secret: Secret) -> tuple[spec.Source, list[str]]:
    """What the child is to read.

    Args:
        secret: Resolves a workspace secret by name.

    Returns:
        The source, and the texts to black out.

    Raises:
        PermanentError: A path or a database that is not open to datasources, a file that is not there, a useless secret.
    """
    secrets, source = _Secrets(secret), parameters.source
    path = source.path or ""
    is_local = bool(path) and not is_url(path)
    built = spec.Source(
        path=path if path and not is_local else "",
        paths=[str(found) for found in patterns.matching(path, roots=_roots())] if is_local else [],
        format=source.resolved_format,
        compression=source.resolved_compression,
        csv=_dialect(source),
        records=source.records or "",
        fields=source.fields,
        types=source.types,
        drop=source.drop,
        rename=source.rename,
        limit_rows=source.limit.rows or 0,
        limit_seconds=source.limit.seconds or 0,
        http=_http(source, secrets),
        s3=_s3(source.s3, secrets),
        sql=_sql(source.sql, secrets) if source.sql else None,
        rest=_rest(source.rest) if source.rest else None,
        generate=_generated(source.generate) if source.generate else None,
        allow=_allowed(),
    )
    return built, secrets.seen


def target_spec(parameters: DatasourceParameters, *, secret: Secret) -> tuple[spec.Target, list[str]]:
    """What the child is to write to; as `source_spec`."""
    secrets, destination = _Secrets(secret), parameters.destination
    if destination.duckdb:
        path = rooted_files.writable(destination.duckdb.path, roots=_roots(), field="destination.duckdb.path")
        target = spec.Target(kind="duckdb", table=destination.duckdb.table, path=str(path))
    elif destination.files:
        target = _files(destination.files, secrets)
    elif destination.sql:
        target = _database(destination.sql, secrets)
    else:
        assert destination.postgresql is not None
        target = _postgresql(destination.postgresql, secrets)
    return target, secrets.seen


def _dialect(source: Source) -> spec.CsvDialect:
    if source.csv is None:
        return spec.CsvDialect(delimiter=source.delimiter)
    return spec.CsvDialect(**{**source.csv.model_dump(), "delimiter": source.delimiter})


def _http(source: Source, secrets: _Secrets) -> spec.HttpAccess:
    query = {name: str(value) for name, value in source.rest.query.items()} if source.rest else {}
    if source.auth is None:
        return spec.HttpAccess(source.headers, query)
    headers, keys = _credentials(source.auth, secrets)
    return spec.HttpAccess({**source.headers, **headers}, {**query, **keys})


def _credentials(auth: Auth, secrets: _Secrets) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and query parameters that prove who asks."""
    value = secrets.read(auth.secret_name)
    if auth.basic:
        pair = base64.b64encode(f"{auth.basic.username}:{value}".encode()).decode()
        secrets.hide(pair)
        return {"Authorization": f"Basic {pair}"}, {}
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise PermanentError(f"secret {auth.secret_name!r} cannot be sent: it has control characters", code="secret")
    if auth.bearer:
        return {"Authorization": f"Bearer {value}"}, {}
    assert auth.api_key is not None  # one of the three is given: access.Auth
    key = auth.api_key.prefix + value
    return ({auth.api_key.header: key}, {}) if auth.api_key.header else ({}, {str(auth.api_key.query): key})


def _s3(access: S3 | None, secrets: _Secrets) -> spec.S3Access | None:
    if access is None:
        return None
    keys = [secrets.read(name) for name in access.secret_names] or ["", ""]
    return spec.S3Access(access.endpoint_url or "", access.region, *keys)


def _sql(source: SqlSource, secrets: _Secrets) -> spec.Sql:
    url = _database_url(source.url_secret, secrets)
    return spec.Sql(url, source.schema_name or "", source.table or "", source.query or "")


def _rest(source: RestSource) -> spec.Rest:
    pages = source.pages
    following = spec.Pages()
    if pages:
        following = spec.Pages(
            by=pages.by,
            path=pages.path or "",
            parameter=pages.parameter or "",
            start=pages.start,
            size_parameter=pages.size_parameter or "",
            size=pages.size or 0,
            most=pages.maximum or 0,
        )
    return spec.Rest(url=source.url, records=source.records or "", pages=following, since=source.since or "")


def _generated(source: GeneratedSource) -> spec.Generated:
    return spec.Generated(source.document, source.rows, source.seed)


def _files(destination: FilesDestination, secrets: _Secrets) -> spec.Target:
    path = destination.path
    if not is_url(path):
        path = str(rooted_files.writable(path, roots=_roots(), field="destination.files.path"))
    access = _s3(destination.s3, secrets)
    return spec.Target(kind="files", path=path, format=destination.resolved_format, s3=access, allow=_allowed())


def _database(destination: SqlDestination, secrets: _Secrets) -> spec.Target:
    url = _database_url(destination.url_secret, secrets)
    schema = destination.schema_name or ""
    return spec.Target(kind="sqlalchemy", table=destination.table, schema=schema, url=url, allow=_allowed())


def _database_url(name: str, secrets: _Secrets) -> str:
    url = databases.from_secret(secrets.read(name), name=name, roots=_roots())
    secrets.hide(databases.password_of(url))
    return url


def _postgresql(destination: PostgresqlDestination, secrets: _Secrets) -> spec.Target:
    allowed = bool(settings.JOBS_DATASOURCE_OWN_DATABASE)
    reach = _allowed()
    if destination.url_secret is None:
        reach = _ANYWHERE
        conninfo = own(connections["default"].settings_dict, allowed=allowed)
    else:
        name = destination.url_secret
        conninfo = from_secret(secrets.read(name), name=name, sockets=allowed)
    secrets.hide(conninfo, password_of(conninfo))
    schema = destination.schema_name
    return spec.Target(kind="postgresql", table=destination.table, schema=schema, conninfo=conninfo, allow=reach)


def _roots() -> list[Path]:
    return list(settings.JOBS_FILE_ROOTS)


def _allowed() -> list[str]:
    return [str(network) for network in settings.JOBS_EGRESS_ALLOW]
