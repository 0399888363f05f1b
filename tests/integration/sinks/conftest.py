"""What the tests of deliveries stand on: a kind that obeys, runs that end, and deliverers that work in the test's own thread."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from jobs import dispatch, hotpath
from sinks import registry
from tests.integration.http_payload.service import Service
from tests.integration.sinks.obedient import Target, kind
from workers.payloads.http.connections import POOL


@pytest.fixture(autouse=True)
def published(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published; nobody hears it."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    monkeypatch.setattr(dispatch, "publish_deliveries", lambda: messages.append("deliver"))
    yield messages
    hotpath.close()


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    """What sinks of kind ``obedient`` deliver to."""
    made = Target()
    monkeypatch.setitem(registry.KINDS.known, "obedient", kind(made))
    return made


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    """A service on loopback that may be called; nothing is left over from the last test."""
    settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.1/32")]
    POOL.close()
    with Service() as service:
        yield service
    POOL.close()
