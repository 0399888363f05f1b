"""Which destination it is: what a cursor that we know ourselves was reached in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

import sqlalchemy
from psycopg.conninfo import conninfo_to_dict

from workers.ingest.spec import Target


def identity_of(target: Target) -> str:
    """A destination's fingerprint, 64 hex digits: of its place alone, not of who goes there, so that a password can change.

    Args:
        target: Resolved.
    """
    place = [target.kind, *_SERVERS.get(target.kind, _folder)(target), target.schema, target.table]
    return hashlib.sha256(json.dumps(place).encode()).hexdigest()


def _postgresql(target: Target) -> list[str]:
    parts = conninfo_to_dict(target.conninfo)
    return [str(parts.get(part) or "") for part in ("host", "port", "dbname")]


def _database(target: Target) -> list[str]:
    url = sqlalchemy.make_url(target.url)
    return [url.get_backend_name(), url.host or "", str(url.port or ""), url.database or ""]


def _folder(target: Target) -> list[str]:
    return [target.path, target.s3.endpoint_url if target.s3 else ""]


_SERVERS: Mapping[str, Callable[[Target], list[str]]] = {"postgresql": _postgresql, "sqlalchemy": _database}
