"""What the tests of these pages share: acme, and a browser of each kind of person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from jobs.models import Role, Workspace
from tests.integration.people import make_user, make_workspace, signed_in

As = Callable[[Role], Client]


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def as_member(workspace: Workspace) -> As:
    """A browser of somebody with that role, who is called as it: ``viewer``, ``owner``."""
    return lambda role: signed_in(make_user(role.value, workspace=workspace, role=role))


@pytest.fixture
def owner(as_member: As) -> Client:
    return as_member(Role.OWNER)


@pytest.fixture
def stranger(workspace: Workspace) -> Client:
    """An owner, of another workspace."""
    return signed_in(make_user("stranger", workspace=make_workspace("globex"), role=Role.OWNER))
