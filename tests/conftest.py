"""What many tests need."""

from __future__ import annotations

import pytest
from django.conf import settings

from jobs.models import Workspace


@pytest.fixture
def workspace(db: None) -> Workspace:
    """A workspace without members."""
    return Workspace.objects.create(slug="acme", name="Acme")


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The private Redis of this session."""
    return str(settings.BROKER_URL)
