"""A file that a URL names, downloaded first."""

from __future__ import annotations

from pathlib import Path

from workers.ingest.fetch import files, http
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.spec import Source


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Download the file. Raises as `workers.ingest.fetch.http.download` and `workers.ingest.fetch.files.readable`."""
    path = folder / "download"
    with http.session(source.http) as session:
        size = http.download(
            session,
            source.path,
            path,
            packed=source.compression != "none",
            channel=channel,
            most_bytes=allowance.bytes,
        )
    if allowance.bytes and size >= allowance.bytes:
        files.cut(path)
    return files.readable(source, [path], folder=folder)
