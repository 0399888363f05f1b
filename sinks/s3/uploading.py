"""One object from its parts: in one request where there is one part, as a multipart upload otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import JobsError, PermanentError
from sinks.s3.explaining import refusal_of
from sinks.time_limits import limited

MOST_PARTS = 10_000
_ABORT_SECONDS = 30.0
"""Also of an attempt whose own time is over."""
_UNKNOWN = frozenset({403, 405, 501})
"""How services answer that do not list uploads, or not to us."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of it."""

    etag: str
    parts: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object goes. ``options`` are boto3's, of what is said when an object begins."""

    service: Any
    bucket: str
    key: str
    options: Mapping[str, Any]

    @property
    def address(self) -> dict[str, str]:
        """For boto3."""
        return {"Bucket": self.bucket, "Key": self.key}


def upload(place: Place, parts: Iterator[bytes]) -> Uploaded:
    """Put an object; no more than two parts are in memory. Where it fails, no part of it is left. Raises as boto3 does.

    Args:
        place: Where.
        parts: Of one size, all but the last.

    Raises:
        PermanentError: There are more than `MOST_PARTS` (``too_large``).
    """
    first, second = next(parts, b""), next(parts, None)
    if second is None:
        answer = place.service.put_object(**place.address, Body=first, **place.options)
        return Uploaded(_etag(answer), 1)
    abort_uploads(place)  # of an earlier attempt, whose worker did not come to it
    every = itertools.chain([first, second], parts)
    del first, second  # or they would be held until the last one is there
    return _in_parts(place, every)


def abort_uploads(place: Place) -> int | None:
    """Abort the uploads of this key that were not completed; how many, None where the service does not list them to us."""
    pages = place.service.get_paginator("list_multipart_uploads").paginate(Bucket=place.bucket, Prefix=place.key)
    try:
        found = [each for page in pages for each in page.get("Uploads", ()) if each["Key"] == place.key]
    except ClientError as error:
        if refusal_of(error)[0] in _UNKNOWN:
            return None
        raise
    for each in found:
        with suppress(place.service.exceptions.NoSuchUpload):  # completed or aborted meanwhile
            place.service.abort_multipart_upload(**place.address, UploadId=each["UploadId"])
    return len(found)


def _in_parts(place: Place, parts: Iterator[bytes]) -> Uploaded:
    upload_id = _begin(place)
    try:
        done = [_part(place, upload_id, number, part) for number, part in enumerate(parts, 1)]
        answer = place.service.complete_multipart_upload(
            **place.address, UploadId=upload_id, MultipartUpload={"Parts": done}
        )
    except BaseException:
        with _tidying_up():
            place.service.abort_multipart_upload(**place.address, UploadId=upload_id)
        raise
    return Uploaded(_etag(answer), len(done))


def _begin(place: Place) -> str:
    """The id of a new upload. Where the answer is lost, the service may have begun one all the same: it is aborted."""
    try:
        return str(place.service.create_multipart_upload(**place.address, **place.options)["UploadId"])
    except BaseException:
        with _tidying_up():
            abort_uploads(place)
        raise


@contextmanager
def _tidying_up() -> Iterator[None]:
    """What fails at it the next attempt does."""
    with suppress(ClientError, BotoCoreError, JobsError), limited(_ABORT_SECONDS):
        yield


def _etag(answer: Mapping[str, Any]) -> str:
    """Empty, of a service that does not say it."""
    return str(answer.get("ETag", "")).strip('"')


def _part(place: Place, upload_id: str, number: int, part: bytes) -> dict[str, Any]:
    if number > MOST_PARTS:
        raise PermanentError(f"part_size: the object has more than {MOST_PARTS} parts of this size", code="too_large")
    answer = place.service.upload_part(**place.address, UploadId=upload_id, PartNumber=number, Body=part)
    return {"PartNumber": number, "ETag": answer["ETag"]}
