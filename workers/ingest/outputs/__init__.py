"""What stands in a destination: whether a load would get there, and deleting what loads have put there. One module a kind."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from workers.ingest import egress
from workers.ingest.spec import Target

_KINDS = {
    "postgresql": "workers.ingest.outputs.postgresql",
    "duckdb": "workers.ingest.outputs.duckdb",
    "files": "workers.ingest.outputs.files",
    "sqlalchemy": "workers.ingest.outputs.sqlalchemy",
}
"""By name: a child loads the libraries of its own destination alone."""


class Output(Protocol):
    """What stands in a destination of one kind; see `check` and `delete` below."""

    def check(self, target: Target) -> dict[str, Any]: ...
    def delete(self, target: Target) -> dict[str, Any]: ...


def check(*, target: Target) -> dict[str, Any]:
    """Reach the destination as a load would, and change nothing.

    Returns:
        ``{"output", "exists"}`` and what else the kind knows.

    Raises:
        PermanentError: A load would be refused. The libraries' own errors too: see `workers.ingest.failures`.
    """
    with egress.only(target.allow):
        return _output(target).check(target)


def delete(*, target: Target) -> dict[str, Any]:
    """Delete the rows of the output, and what the destination knows of the loads that brought them.

    A table stays, with its columns, privileges and views; files are removed. Doing it twice does nothing.

    Returns:
        ``{"output", "rows"}``, for files ``{"output", "files"}``: what was deleted.

    Raises:
        PermanentError: It was refused. The libraries' own errors too.
    """
    with egress.only(target.allow):
        return _output(target).delete(target)


def _output(target: Target) -> Output:
    return cast(Output, importlib.import_module(_KINDS[target.kind]))
