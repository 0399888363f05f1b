"""Taking back a manifest before its object changes, also with keys that may only put."""

from __future__ import annotations

from botocore.exceptions import ClientError

from sinks.s3.explaining import refusal_of
from sinks.s3.uploading import Place


def withdraw(place: Place, *, key: str) -> None:
    """Delete an object; where that is not allowed and it may be there, empty it.

    Args:
        place: Of the object that it belongs to, in the same bucket.
        key: Of what is withdrawn.

    Raises:
        ClientError: The service refuses that, too, or fails.
    """
    try:
        place.service.delete_object(Bucket=place.bucket, Key=key)
    except ClientError as error:
        if refusal_of(error)[0] != 403:
            raise
        if not _is_absent(place, key):
            place.service.put_object(Bucket=place.bucket, Key=key, Body=b"", **place.options)


def _is_absent(place: Place, key: str) -> bool:
    """Who may not list is told 403 of what is not there, too: that is no proof."""
    try:
        place.service.head_object(Bucket=place.bucket, Key=key)
    except ClientError as error:
        status = refusal_of(error)[0]
        if status in (403, 404):
            return status == 404
        raise
    return False
