"""A live process on this session's database, a workspace, and its people's tokens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection

from jobs.models import Job, Role, Workspace
from jobs.services.tokens import create_token
from tests.integration.people import NOW, make_job, make_user, make_workspace
from tests.live_server import LiveServer, live_server


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def token(workspace: Workspace) -> str:
    """A viewer's."""
    user = make_user("vera", workspace=workspace, role=Role.VIEWER)
    return create_token(user=user, name="test", now=NOW)[1]


@pytest.fixture(scope="session")
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """On the tests' database. It looks often, and asks often who may watch."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = os.environ | {
        "DATABASE_URL": url,
        "JOBS_LIVE_SECONDS": "0.02",
        "JOBS_LIVE_CHECK_SECONDS": "0.4",
        "PYTHONPATH": ".",
    }
    with live_server(environment=environment, log=tmp_path_factory.mktemp("live") / "live.log") as running:
        yield running


@pytest.fixture
def server(running: LiveServer, transactional_db: None) -> Iterator[LiveServer]:
    """It runs, and nobody is connected."""
    running.ensure_started()
    yield running
    running.close_all()
