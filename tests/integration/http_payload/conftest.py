"""A service to call, and nothing left over from the last test."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.http_payload.service import Service
from workers.payloads.http.connections import POOL


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Any) -> None:
    """127.0.0.1 alone: 127.0.0.2 stands for a neighbour that is not."""
    settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]


@pytest.fixture(autouse=True)
def _connections_end_with_the_test() -> Iterator[None]:
    POOL.close()
    yield
    POOL.close()


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service
