"""Buckets of a real S3 server."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from tests.swift import ACCESS_KEY, REGION, SECRET_KEY, SwiftServer


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket that begins empty, seen by a client of the test's own."""

    service: Any
    name: str
    endpoint_url: str

    def configuration(self, **other: Any) -> dict[str, Any]:
        """Of a sink that delivers into it."""
        return {
            "bucket": self.name,
            "endpoint_url": self.endpoint_url,
            "path_style": True,
            "access_key_secret": "access",
            "secret_key_secret": "key",
            **other,
        }

    def objects(self) -> list[str]:
        """The keys of all objects."""
        return [each["Key"] for each in self.service.list_objects_v2(Bucket=self.name).get("Contents", ())]

    def read(self, key: str) -> bytes:
        """An object."""
        content: bytes = self.service.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def uploads(self) -> list[str]:
        """The keys of multipart uploads that were begun and not ended."""
        return [each["Key"] for each in self.service.list_multipart_uploads(Bucket=self.name).get("Uploads", ())]

    def begin_upload(self, key: str) -> None:
        """Leave an upload with one part, as a killed worker does."""
        begun = self.service.create_multipart_upload(Bucket=self.name, Key=key)
        self.service.upload_part(Bucket=self.name, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=b"half")


def new_bucket(swift: SwiftServer) -> Bucket:
    """A new one; its service is to be closed."""
    service = boto3.client(
        "s3",
        endpoint_url=swift.endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    name = f"b-{uuid.uuid4().hex}"
    service.create_bucket(Bucket=name)
    return Bucket(service, name, swift.endpoint_url)
