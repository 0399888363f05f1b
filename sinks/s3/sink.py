"""Puts each parcel as one object, and a manifest behind it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

from sinks.base import Parcel, Receipt, Surroundings
from sinks.content.buffering import parts
from sinks.content.encoding import Content
from sinks.content.manifest import SUFFIX, manifest
from sinks.content.measuring import Measured
from sinks.content.names import name_of
from sinks.s3.configuration import S3Configuration
from sinks.s3.explaining import explained
from sinks.s3.service import connected
from sinks.s3.uploading import Place, abort_uploads, upload
from sinks.s3.withdrawing import withdraw
from sinks.single import read_once
from sinks.time_limits import limited, seconds_of

ABANDON_SECONDS = 30.0
_TYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_COMPRESSED_TYPES = {"gzip": "application/gzip", "zstd": "application/zstd", "zip": "application/zip"}


class S3Sink:
    """A bucket."""

    def __init__(self, configuration: S3Configuration, surroundings: Surroundings) -> None:
        self._configuration = configuration
        self._surroundings = surroundings
        self._open = ExitStack()
        self._service = connected(configuration, surroundings, closing=self._open)

    def deliver(self, parcel: Parcel) -> Receipt:
        """Put the object, then its manifest."""
        with limited(seconds_of(self._configuration.timeout)) as limit:
            return self._deliver(read_once(limit.of(parcel)))

    def check(self) -> str:
        """Ask for the bucket; what it takes is seen when something is put."""
        bucket = self._configuration.bucket
        with limited(self._surroundings.timeout_seconds), explained(f"s3://{bucket}"):
            self._service.head_bucket(Bucket=bucket)
        return f"The bucket {bucket} answers, and knows the credentials."

    def abandon(self, parcel: Parcel) -> None:
        """Abort the uploads of its attempts, whose workers died."""
        limit = min(seconds_of(self._configuration.timeout), ABANDON_SECONDS)
        with limited(limit), explained(f"s3://{self._configuration.bucket}"):
            self._clear(parcel)

    def close(self) -> None:
        """Close the connections."""
        self._open.close()

    def _deliver(self, parcel: Parcel) -> Receipt:
        place = self._place(parcel)
        with explained(f"s3://{place.bucket}/{place.key}"):
            if parcel.attempt > 1:
                self._clear(parcel)
            content = Content(parcel, self._configuration)
            measured = Measured(content.pieces())
            put = upload(place, parts(measured, size_bytes=self._configuration.part_size))
            details = {"bucket": place.bucket, "key": place.key, "etag": put.etag, "parts": put.parts}
            if self._configuration.has_manifest(parcel.unit):
                proof = manifest(parcel=parcel, name=place.key, measured=measured, rows=content.rows)
                details["manifest"] = self._put_manifest(place, proof)
        return Receipt(bytes=measured.size_bytes, sha256=measured.sha256, details=details | {"rows": content.rows})

    def _clear(self, parcel: Parcel) -> None:
        """Of earlier attempts: an upload whose worker died, and the manifest, because the object is about to change."""
        places = {self._key(parcel, attempt): self._place(parcel, attempt) for attempt in range(1, parcel.attempt + 1)}
        for place in places.values():
            if abort_uploads(place) is None:
                self._surroundings.log("warning", f"{place.bucket}: uploads that were broken off cannot be listed")
            if self._configuration.has_manifest(parcel.unit):
                withdraw(place, key=place.key + SUFFIX)

    def _put_manifest(self, place: Place, proof: bytes) -> str:
        key = place.key + SUFFIX
        options = {**place.options, "ContentType": "application/json"}
        place.service.put_object(Bucket=place.bucket, Key=key, Body=proof, **options)
        return key

    def _place(self, parcel: Parcel, attempt: int | None = None) -> Place:
        key = self._key(parcel, attempt)
        return Place(self._service, self._configuration.bucket, key, self._options(parcel))

    def _key(self, parcel: Parcel, attempt: int | None) -> str:
        extension = self._configuration.extension_for(parcel.unit)
        name = name_of(parcel, template=self._configuration.key, extension=extension, attempt=attempt)
        return self._configuration.prefix + name

    def _options(self, parcel: Parcel) -> dict[str, Any]:
        asked = self._configuration
        kind = asked.format_for(parcel.unit)
        packed = None if kind == "parquet" else _COMPRESSED_TYPES.get(asked.compression)
        options = {
            "ContentType": packed or _TYPES[kind],
            "Metadata": {"delivery": parcel.id, "attempt": str(parcel.attempt), **_of_run(parcel)},
            "ServerSideEncryption": asked.encryption,
            "SSEKMSKeyId": asked.kms_key_id,
            "StorageClass": asked.storage_class,
            "Tagging": urlencode(asked.tags) or None,
        }
        return {name: value for name, value in options.items() if value is not None}


def _of_run(parcel: Parcel) -> dict[str, str]:
    return {"run": str(parcel.run_id)} if parcel.telling is None else {}
