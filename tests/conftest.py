"""What many tests need."""

from __future__ import annotations

import pytest
from django.conf import settings
from hypothesis.configuration import set_hypothesis_home_dir

from embedded.servers import CHECKOUT
from jobs.models import Workspace


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the random sequences of run control are to go on."""
    parser.addoption(
        "--sequences",
        type=int,
        default=None,
        help="so many random sequences of run control, other ones each time; without it the same 300",
    )


def pytest_configure() -> None:
    """What hypothesis keeps goes where the tests' other data is."""
    set_hypothesis_home_dir(CHECKOUT / ".data" / "hypothesis")


@pytest.fixture
def sequences(request: pytest.FixtureRequest) -> int | None:
    """As the option says; None without it."""
    number: int | None = request.config.getoption("--sequences")
    return number


@pytest.fixture
def workspace(db: None) -> Workspace:
    """A workspace without members."""
    return Workspace.objects.create(slug="acme", name="Acme")


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The private Redis of this session."""
    return str(settings.BROKER_URL)
