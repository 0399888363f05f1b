"""A schedule, its workspace's people in their browsers, and a broker that only listens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from jobs import dispatch, hotpath
from jobs.models import Role, Workspace
from scheduler.models import Schedule
from tests.integration.people import make_user, make_workspace, signed_in
from tests.integration.schedule_rows import make_schedule


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    yield messages
    hotpath.close()


@pytest.fixture
def schedule(workspace: Workspace) -> Schedule:
    """Hourly, of task:ping in acme."""
    return make_schedule(workspace)


@pytest.fixture
def viewer(workspace: Workspace) -> Client:
    """She may see."""
    return signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))


@pytest.fixture
def operator(workspace: Workspace) -> Client:
    """She may operate."""
    return signed_in(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.fixture
def editor(workspace: Workspace) -> Client:
    """She may edit."""
    return signed_in(make_user("eve", workspace=workspace, role=Role.EDITOR))


@pytest.fixture
def stranger() -> Client:
    """He owns another workspace."""
    return signed_in(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER))
