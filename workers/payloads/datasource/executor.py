"""Loads a file into a table, in a child process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydantic
from django.conf import settings
from django.db import connections

from jobs.documents import field_errors
from jobs.errors import PermanentError, ValidationError
from workers.child import run_child
from workers.ingest import spec
from workers.payloads.base import JSON, Work
from workers.payloads.datasource import files
from workers.payloads.datasource.connections import from_secret, own, password_of
from workers.payloads.datasource.parameters import DatasourceParameters, Destination, PostgresqlDestination, Source


class DatasourceExecutor:
    """Checks what the deployment allows, then leaves the work to `workers.ingest.load`."""

    def perform(self, work: Work) -> JSON:
        """Load the file; see `workers.ingest.load.run` for the result and `workers.child.run_child` for the errors."""
        parameters = _parameters(work)
        target = _target(parameters.destination, secret=work.secret)
        wanted = spec.LoadSpec(
            source=_source(parameters.source),
            target=target,
            write=parameters.write,
            load_key=_load_key(work) if parameters.write == "append" else "",
            memory_limit_mb=parameters.memory_limit_mb,
        )
        secrets = [target.conninfo, password_of(target.conninfo)] if target.conninfo else []
        return run_child(module="workers.ingest.load", spec=wanted.to_json(), work=work, secrets=secrets)


def _parameters(work: Work) -> DatasourceParameters:
    try:
        return DatasourceParameters.model_validate(work.parameters)
    except pydantic.ValidationError as error:
        raise PermanentError(str(ValidationError(field_errors(error, "parameters"))), code="parameters") from error


def _source(source: Source) -> spec.Source:
    options = source.csv
    dialect = spec.CsvDialect(delimiter=source.delimiter)
    if options:
        dialect = spec.CsvDialect(
            delimiter=source.delimiter,
            quote=options.quote,
            header=options.header,
            null=options.null,
            encoding=options.encoding,
        )
    return spec.Source(
        path=str(files.readable(source.path, roots=_roots())),
        format=source.resolved_format,
        csv=dialect,
        records=source.records or "",
        fields=source.fields,
        types=source.types,
    )


def _target(destination: Destination, *, secret: Callable[[str], str]) -> spec.Target:
    if destination.duckdb:
        path = files.writable(destination.duckdb.path, roots=_roots())
        return spec.Target(kind="duckdb", table=destination.duckdb.table, path=str(path))
    assert destination.postgresql is not None
    postgresql = destination.postgresql
    conninfo = _conninfo(postgresql, secret=secret)
    return spec.Target(kind="postgresql", table=postgresql.table, schema=postgresql.schema_name, conninfo=conninfo)


def _conninfo(postgresql: PostgresqlDestination, *, secret: Callable[[str], str]) -> str:
    allowed = bool(settings.JOBS_DATASOURCE_OWN_DATABASE)
    if postgresql.url_secret is None:
        return own(connections["default"].settings_dict, allowed=allowed)
    return from_secret(secret(postgresql.url_secret), name=postgresql.url_secret, sockets=allowed)


def _load_key(work: Work) -> str:
    """The same for all attempts, and never again."""
    return f"{work.workspace}/{work.job_key}/{work.idempotency_key}"


def _roots() -> list[Path]:
    return list(settings.JOBS_FILE_ROOTS)
