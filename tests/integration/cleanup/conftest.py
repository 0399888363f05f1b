"""What the tests of cleanups stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs import hotpath
from jobs.models import Job, Workspace
from tests.integration.people import make_job, make_workspace


@pytest.fixture(autouse=True)
def _engine_connections(transactional_db: None) -> Iterator[None]:
    yield
    hotpath.close()


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    """The workspace ``acme``."""
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    """Its job ``task:ping``."""
    return make_job(workspace)
