"""S3: objects down to files, a file up to an object."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore
import botocore.config
import botocore.exceptions

from jobs.errors import PermanentError, TransientError
from workers.ingest.fetch import room
from workers.ingest.fetch.fetched import Channel
from workers.ingest.spec import S3Access

MOST_OBJECTS = 10_000
_MAY_PASS = frozenset({408, 409, 425, 429})
"""Statuses below 500 that another try may change; all other refusals stand. Source: S3's list of error responses."""


def client(access: S3Access | None) -> Any:
    """A client that takes nothing from the machine: neither its credentials nor its settings."""
    access = access or S3Access()
    anonymous = {} if access.access_key else {"signature_version": botocore.UNSIGNED}
    return boto3.session.Session().client(
        "s3",
        endpoint_url=access.endpoint_url or None,
        region_name=access.region or "us-east-1",
        aws_access_key_id=access.access_key or None,
        aws_secret_access_key=access.secret_key or None,
        config=botocore.config.Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": 4},
            s3={"addressing_style": "path"} if access.endpoint_url else {},
            # Services other than Amazon's do not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **anonymous,
        ),
    )


def place(url: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    parts = urlsplit(url, allow_fragments=False)
    query = f"?{parts.query}" if parts.query else ""  # in a pattern, ? stands for one character
    return parts.netloc, parts.path.removeprefix("/") + query


def keys(service: Any, url: str) -> list[str]:
    """The keys that an s3 URL names, sorted; ``*`` and ``?`` stand for anything within one folder, ``**`` across folders.

    Raises:
        PermanentError: There is none, or more than `MOST_OBJECTS`.
    """
    bucket, pattern = place(url)
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if fixed == pattern:
        return [pattern]
    matches = _matcher(pattern)
    pages = service.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=fixed)
    all_keys = (item["Key"] for page in pages for item in page.get("Contents", ()))
    found = list(itertools.islice(filter(matches, all_keys), MOST_OBJECTS + 1))
    if not found:
        raise PermanentError(f"source.path: nothing matches {url!r}", code="file_missing")
    if len(found) > MOST_OBJECTS:
        raise PermanentError(f"source.path: {url!r} matches more than {MOST_OBJECTS} objects", code="data")
    return sorted(found)


def download(service: Any, bucket: str, key: str, path: Path, *, channel: Channel) -> int:
    """Write an object to a file; returns its size."""
    done = [0]

    def count(size: int) -> None:
        room.check(path.parent)
        done[0] += size
        channel.progress(current=done[0], unit="bytes")

    service.download_file(bucket, key, str(path), Callback=count)
    return path.stat().st_size


def download_first(service: Any, bucket: str, key: str, path: Path, *, most_bytes: int) -> int:
    """Write an object's first bytes to a file; returns how many."""
    body = service.get_object(Bucket=bucket, Key=key)["Body"]
    with contextlib.closing(body):
        return path.write_bytes(body.read(most_bytes))


def upload(service: Any, path: Path, url: str) -> None:
    """Put a file where an s3 URL says. Readers see the old object or the new one, never a part."""
    bucket, key = place(url)
    service.upload_file(str(path), bucket, key)


@contextlib.contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn botocore's errors into ours: what the service refuses is permanent, all else may pass."""
    try:
        yield
    except (
        botocore.exceptions.ClientError,
        botocore.exceptions.BotoCoreError,
        boto3.exceptions.Boto3Error,
    ) as error:
        match _at_the_bottom(error):
            case PermanentError() as refusal:
                raise refusal from error
            case botocore.exceptions.ClientError() as answer:
                raise _of_answer(url, answer) from error
        raise TransientError(f"{url}: {type(error).__name__}: {error}"[:500], code="s3") from error


def _at_the_bottom(error: BaseException | None) -> BaseException | None:
    """What `workers.ingest.egress` said, which botocore takes for an error of HTTP, or what S3 answered: both are wrapped."""
    while error is not None and not isinstance(error, PermanentError | botocore.exceptions.ClientError):
        error = error.__cause__ or error.__context__
    return error


def _of_answer(url: str, answer: Any) -> PermanentError | TransientError:
    status = int(answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    code = str(answer.response.get("Error", {}).get("Code", "")) or str(status)
    if code in ("404", "NoSuchKey"):
        return PermanentError(f"{url}: there is no such object", code="file_missing")
    # RequestTimeout is a 400, and says that the connection was too slow.
    may_pass = status >= 500 or status in _MAY_PASS or code == "RequestTimeout"
    kind = TransientError if may_pass else PermanentError
    return kind(f"{url}: S3 answered {code}", code="s3")


def _matcher(pattern: str) -> Any:
    parts = re.split(r"(\*\*|\*|\?)", pattern)
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts)).fullmatch
