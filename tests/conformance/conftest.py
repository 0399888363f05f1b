"""The engine, driven by hand: a broker that only listens, a heartbeat and a log writer that tests call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.models import Workspace
from tests.conformance.adapter import Adapter
from tests.conformance.engine import Engine
from tests.integration.engine.conftest import Broker
from workers import heartbeat, log_writer, stopping


@pytest.fixture(autouse=True)
def _a_worker_driven_by_hand(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(heartbeat, "_heartbeats", {})
    monkeypatch.setattr(heartbeat.Heartbeat, "_ensure_thread", lambda self: None)
    monkeypatch.setattr(log_writer, "_writers", {})
    monkeypatch.setattr(log_writer.LogWriter, "_ensure_thread", lambda self: None)
    stopping.forget()
    yield
    hotpath.close()


@pytest.fixture
def adapter(request: pytest.FixtureRequest, tmp_path: Path, settings: Any) -> Iterator[Adapter]:
    """The kind under test, in a world of its own."""
    kind: type[Adapter] = request.param
    with kind(tmp_path.resolve()) as adapter:
        for name, value in adapter.settings.items():
            setattr(settings, name, value)
        yield adapter


@pytest.fixture
def engine(adapter: Adapter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Starts runs of cases, and works them."""
    broker = Broker()
    monkeypatch.setattr(dispatch, "publish", broker.publish)
    workspace = Workspace.objects.create(slug="acme", name="Acme")
    with Engine(adapter, workspace) as engine:
        yield engine
