"""A schedule, its workspace's people, and what each of them calls the API and opens the admin with; a broker that only listens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import dispatch, hotpath
from jobs.models import Role, Workspace
from scheduler.models import Schedule
from tests.integration.people import Api, make_user, make_workspace, signed_in
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
def vera(workspace: Workspace) -> User:
    """She may see."""
    return make_user("vera", workspace=workspace, role=Role.VIEWER, is_staff=True)


@pytest.fixture
def olga(workspace: Workspace) -> User:
    """She may operate."""
    return make_user("olga", workspace=workspace, role=Role.OPERATOR, is_staff=True)


@pytest.fixture
def eve(workspace: Workspace) -> User:
    """She may edit."""
    return make_user("eve", workspace=workspace, role=Role.EDITOR, is_staff=True)


@pytest.fixture
def otto() -> User:
    """He owns another workspace."""
    return make_user("otto", workspace=make_workspace("other"), role=Role.OWNER, is_staff=True)


@pytest.fixture
def viewer_api(vera: User) -> Api:
    """Her calls."""
    return Api(vera)


@pytest.fixture
def operator_api(olga: User) -> Api:
    """Her calls."""
    return Api(olga)


@pytest.fixture
def editor_api(eve: User) -> Api:
    """Her calls."""
    return Api(eve)


@pytest.fixture
def stranger_api(otto: User) -> Api:
    """His calls, in his own workspace."""
    return Api(otto, workspace="other")


@pytest.fixture
def viewer(vera: User) -> Client:
    """Her browser."""
    return signed_in(vera)


@pytest.fixture
def operator(olga: User) -> Client:
    """Her browser."""
    return signed_in(olga)


@pytest.fixture
def editor(eve: User) -> Client:
    """Her browser."""
    return signed_in(eve)


@pytest.fixture
def stranger(otto: User) -> Client:
    """His browser."""
    return signed_in(otto)
