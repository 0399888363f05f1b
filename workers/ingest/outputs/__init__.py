"""What stands in a destination: whether a load would get there, and deleting what loads have put there. One module a kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from workers.ingest import egress
from workers.ingest.outputs import duckdb, files, postgresql, sqlalchemy
from workers.ingest.spec import Target

_KINDS: Mapping[str, ModuleType] = {
    "postgresql": postgresql,
    "duckdb": duckdb,
    "files": files,
    "sqlalchemy": sqlalchemy,
}


def check(*, target: Target) -> dict[str, Any]:
    """Reach the destination as a load would, and change nothing.

    Returns:
        ``{"output", "exists"}`` and what else the kind knows.

    Raises:
        PermanentError: A load would be refused. The libraries' own errors too: see `workers.ingest.failures`.
    """
    with egress.only(target.allow):
        facts: dict[str, Any] = _KINDS[target.kind].check(target)
    return facts


def delete(*, target: Target) -> dict[str, Any]:
    """Delete the rows of the output, and what the destination knows of the loads that brought them.

    A table stays, with its columns, privileges and views; files are removed. Doing it twice does nothing.

    Returns:
        ``{"output", "rows"}``, for files ``{"output", "files"}``: what was deleted.

    Raises:
        PermanentError: It was refused. The libraries' own errors too.
    """
    with egress.only(target.allow):
        deleted: dict[str, Any] = _KINDS[target.kind].delete(target)
    return deleted
