"""A real S3 server, and a bucket of it for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.swift import ACCESS_KEY, REGION, SECRET_KEY, SwiftServer, running_swift


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


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """One for the session."""
    with running_swift(tmp_path_factory.mktemp("swift") / "server") as server:
        yield server


@pytest.fixture
def bucket(swift: SwiftServer) -> Iterator[Bucket]:
    """A new one."""
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
    yield Bucket(service, name, swift.endpoint_url)
    service.close()
