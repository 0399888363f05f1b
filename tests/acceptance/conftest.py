"""Fixtures of the acceptance tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.figures import FIGURES, Measured, keeper
from tests.acceptance.machine import Machine, running_machine
from tests.acceptance.service import CountingService, counting_service
from tests.acceptance.system import System, clean_system


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The servers and the web process; started when the first test wants them."""
    with running_machine(tmp_path_factory.mktemp("machine")) as running:
        yield running


@pytest.fixture
def system(machine: Machine) -> Iterator[System]:
    """The machine, empty."""
    with clean_system(machine) as clean:
        yield clean


@pytest.fixture
def service() -> Iterator[CountingService]:
    """The service that the payloads call."""
    with counting_service() as running:
        yield running


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Keeps figures for the end of the session."""
    return keeper(request)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures."""
    if figures := config.stash.get(FIGURES, []):
        terminalreporter.section("measured")
        for figure in figures:
            terminalreporter.write_line(figure)
