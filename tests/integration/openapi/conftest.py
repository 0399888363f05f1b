"""The document, and the workspace that its examples speak of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from jobsproject.openapi import document
from tests.integration.openapi.reading import Judge
from tests.integration.openapi.world import make_world, undone


@pytest.fixture(scope="session")
def described() -> dict[str, Any]:
    """The OpenAPI document."""
    return document()


@pytest.fixture(scope="session")
def judge(described: dict[str, Any]) -> Judge:
    """Who tells what is wrong with values of its schemas."""
    return Judge(described)


@pytest.fixture(scope="module")
def owner(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[User]:
    """The owner of the workspace with one of everything, made once for the tests of a module; each undoes what it does."""
    folder = tmp_path_factory.mktemp("files")
    with django_db_blocker.unblock(), override_settings(JOBS_STORED_FILES=folder), undone():
        yield make_world(folder)


class Skipped:
    """A clock that waiting moves on at once: there is no worker that anything could be waited for."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let them have passed."""
        self._now += seconds


@pytest.fixture(autouse=True)
def _no_worker_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.services.operations.time", Skipped())
