"""A real S3 server, and a bucket of it for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.byte_sinks.buckets import Bucket, new_bucket
from tests.swift import SwiftServer, running_swift


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """One for the session."""
    with running_swift(tmp_path_factory.mktemp("swift") / "server") as server:
        yield server


@pytest.fixture
def bucket(swift: SwiftServer) -> Iterator[Bucket]:
    """A new one."""
    made = new_bucket(swift)
    yield made
    made.service.close()
