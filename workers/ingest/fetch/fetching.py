"""Which way of fetching is the source's."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path

from workers.ingest import egress
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.spec import Source


def fetch(source: Source, *, folder: Path, since: Since | None, limited: bool, channel: Channel) -> Fetched:
    """Bring the source's rows into local files.

    Args:
        folder: Empty, the caller's own, and removed by the caller.
        since: Where an incremental load begins; a source that cannot ask for it gives everything.
        limited: Whether the limit of rows holds here. With a cursor it counts them in the cursor's order, which only DuckDB knows.

    Raises:
        TransientError, PermanentError, sqlalchemy.exc.SQLAlchemyError: As the ways say.
    """
    allowance = Allowance(
        rows=source.limit_rows if limited else 0,
        seconds=source.limit_seconds,
        size=source.limit_bytes if source.can_be_cut else 0,
    )
    way = importlib.import_module(f"workers.ingest.fetch.{_way(source)}")
    with egress.only(source.allow) if _over_a_network(source) else contextlib.nullcontext():
        fetched: Fetched = way.fetch(source, folder=folder, since=since, allowance=allowance, channel=channel)
    return fetched


def _way(source: Source) -> str:
    """A module's name: a child loads what its own source needs."""
    if source.sql:
        return "database"
    if source.generate:
        return "generated"
    if source.rest:
        return "rest"
    return "s3_files" if source.path.startswith("s3://") else "http_files" if "://" in source.path else "files"


def _over_a_network(source: Source) -> bool:
    return source.rest is not None or source.sql is not None or "://" in source.path
