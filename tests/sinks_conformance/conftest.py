"""Sinks of one kind, driven by hand: nobody hears what is published, and deliveries are made by the test's own thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.models import Workspace
from tests.sinks_conformance.adapter import Adapter
from tests.sinks_conformance.nursery import Nursery
from tests.sinks_conformance.post import Post
from tests.sinks_conformance.servers import Servers


@pytest.fixture(autouse=True)
def _nobody_hears(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dispatch, "publish", lambda messages: None)
    monkeypatch.setattr(dispatch, "publish_deliveries", lambda: None)
    yield
    hotpath.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """What there is to deliver to; nothing has been started."""
    made = Servers(tmp_path_factory.mktemp("servers").resolve())
    yield made
    made.close()


@pytest.fixture(scope="session")
def nursery(django_db_setup: None) -> Iterator[Nursery]:
    """Where workers come from, to be killed."""
    with Nursery() as made:
        yield made


@pytest.fixture
def adapter(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers, settings: Any) -> Iterator[Adapter]:
    """The kind under test, in a world of its own."""
    kind: type[Adapter] = request.param
    with kind(tmp_path.resolve(), servers) as adapter:
        for name, value in adapter.settings.items():
            setattr(settings, name, value)
        yield adapter


@pytest.fixture
def post(adapter: Adapter, nursery: Nursery) -> Iterator[Post]:
    """Ends runs whose results are to be delivered, and delivers them."""
    with Post(adapter, Workspace.objects.create(slug="acme", name="Acme"), nursery) as post:
        yield post
