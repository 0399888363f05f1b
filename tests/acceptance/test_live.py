"""Live streams while PostgreSQL restarts: nobody is cut off, and nothing is lost or told twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.machine import WORKSPACE
from tests.acceptance.system import System
from tests.live_server import LiveServer, Stream, is_event, live_server

pytestmark = pytest.mark.acceptance

FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
LIVE = f"/api/v1/workspaces/{WORKSPACE}/live/"
_WRITE = """
    INSERT INTO jobs_event (workspace_id, kind, actor, data)
    SELECT id, 'test.event', '', '{}' FROM jobs_workspace WHERE slug = %s RETURNING id
"""


@pytest.fixture
def server(system: System, tmp_path: Path) -> Iterator[LiveServer]:
    environment = system.machine.environment | {"JOBS_LIVE_SECONDS": "0.05", "JOBS_LIVE_CHECK_SECONDS": "1"}
    with live_server(environment=environment, log=tmp_path / "live.log") as running:
        yield running


def write(system: System, count: int) -> list[int]:
    return [system.rows(_WRITE, WORKSPACE)[0].id for _ in range(count)]


def read(stream: Stream, count: int) -> tuple[list[int], list[str]]:
    """The ids of so many events, and what else the stream said meanwhile."""
    ids: list[int] = []
    told: list[str] = []
    while len(ids) < count:
        event = stream.read()
        assert event is not None, told
        if is_event(event):
            ids.append(event.data["id"])
        else:
            told.append(event.name)
    return ids, told


@pytest.mark.parametrize("how", [FAST, IMMEDIATE], ids=["fast", "immediate"])
def test_a_restart_of_the_database_is_told_and_loses_and_doubles_nothing(
    system: System, server: LiveServer, how: signal.Signals
) -> None:
    wanted = write(system, 3)
    stream = server.open(LIVE, token=system.machine.token, Last_Event_ID=str(wanted[0] - 1))
    got, _ = read(stream, 3)
    system.restart_database(how)
    wanted += write(system, 5)
    more, told = read(stream, 5)
    assert got + more == wanted
    assert told in (["away", "back"], []), "the restart may have fallen between two looks"
    stream.close()
    wanted += write(system, 2)
    again = server.open(LIVE, token=system.machine.token, Last_Event_ID=stream.last_event_id)
    assert read(again, 2)[0] == wanted[-2:]


def test_a_database_that_is_down_is_told_and_what_happened_meanwhile_follows(
    system: System, server: LiveServer
) -> None:
    [first] = write(system, 1)
    stream = server.open(LIVE, token=system.machine.token, Last_Event_ID=str(first - 1))
    read(stream, 1)
    system.stop_database()
    away = stream.read()
    assert away is not None
    assert away.name == "away"
    system.machine.postgres.start()
    [after] = write(system, 1)
    assert read(stream, 1) == ([after], ["back"])
