"""Objects of S3, downloaded first."""

from __future__ import annotations

from pathlib import Path

from workers.ingest.fetch import files, s3
from workers.ingest.fetch.fetched import Allowance, Channel, Fetched, Since
from workers.ingest.spec import Source


def fetch(source: Source, *, folder: Path, since: Since | None, allowance: Allowance, channel: Channel) -> Fetched:
    """Download what the URL names. Raises as `workers.ingest.fetch.s3.explained` and `workers.ingest.fetch.files.readable`."""
    paths: list[Path] = []
    left = allowance.bytes
    with s3.explained(source.path):
        service = s3.client(source.s3)
        bucket, _ = s3.place(source.path)
        for number, key in enumerate(s3.keys(service, source.path)):
            paths.append(folder / f"object-{number:05}")
            if not allowance.bytes:
                s3.download(service, bucket, key, paths[-1], channel=channel)
                continue
            left -= s3.download_first(service, bucket, key, paths[-1], most_bytes=left)
            if left <= 0:
                files.cut(paths[-1])
                break
    return files.readable(source, paths, folder=folder)
