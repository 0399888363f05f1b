"""The workspace acme, its people in their browsers, and a broker that only listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from jobs import dispatch, hotpath
from jobs.models import Role, Workspace
from tests.integration.people import make_user, make_workspace, signed_in
from ui import sink_checks

Browser = Callable[[Role], Client]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    monkeypatch.setattr(sink_checks, "WAIT_SECONDS", 0.0)
    yield messages
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def browser(workspace: Workspace) -> Browser:
    """Opens one for a member with that role."""
    return lambda role: signed_in(make_user(f"some-{role}", workspace=workspace, role=role))
