"""Which way of fetching is the source's."""

from __future__ import annotations

from pathlib import Path

from workers.ingest import egress
from workers.ingest.fetch import database, files, generated, rest
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
    allowance = Allowance(rows=source.limit_rows if limited else 0, seconds=source.limit_seconds)
    if source.sql:
        return database.fetch(source, folder=folder, since=since, allowance=allowance, channel=channel)
    if source.generate:
        return generated.fetch(source, folder=folder, allowance=allowance, channel=channel)
    with egress.only(source.allow):
        if source.rest:
            return rest.fetch(source, folder=folder, since=since, allowance=allowance, channel=channel)
        return files.fetch(source, folder=folder, channel=channel)
