"""A workspace with runs that have ended, and whoever looks at how they did."""

from __future__ import annotations

import pytest

from jobs.models import Job, Role, Workspace
from tests.integration.people import Api, make_job, make_user, make_workspace


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
