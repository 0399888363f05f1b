"""What the walks stand on: keys for secrets, nobody who hears messages, and nobody who waits for workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.services import operations
from tests.integration.walks.world import World, make_world


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.JOBS_SECRET_KEYS = ["ZmRmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZGY="]
    settings.JOBS_STORED_FILES = tmp_path
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    monkeypatch.setattr(operations, "wait", lambda operation, **_: operation)
    yield
    hotpath.close()


@pytest.fixture
def world(db: None) -> World:
    """The workspace acme with one of everything."""
    return make_world(mark="acorn", slug="acme")
