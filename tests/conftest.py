"""What many tests need."""

from __future__ import annotations

import time
from collections.abc import Iterator

import hypothesis
import pytest
from django.conf import settings
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models.signals import post_migrate
from hypothesis.configuration import set_hypothesis_home_dir
from pytest_django import DjangoDbBlocker

from embedded.servers import CHECKOUT
from jobs import kinds
from jobs.models import Workspace
from sinks import registry
from tests import thread_tracing


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the random sequences of run control are to go on."""
    parser.addoption(
        "--sequences",
        type=int,
        default=None,
        help="so many random sequences of run control, other ones each time; without it the same 500",
    )
    parser.addoption(
        "--examples",
        type=int,
        default=None,
        help="so many examples of each operation of the API, other ones each time; without it the same few",
    )


def pytest_configure() -> None:
    """What hypothesis keeps goes where the tests' other data is, and it times nothing: the machine may be busy with other tests.
    Threads start although others do."""
    thread_tracing.install()
    set_hypothesis_home_dir(CHECKOUT / ".data" / "hypothesis")
    hypothesis.settings.register_profile("jobs", deadline=None)
    hypothesis.settings.load_profile("jobs")


@pytest.fixture(scope="session", autouse=True)
def _kinds_are_there() -> None:
    """A test that adds a kind of its own takes it away again: those that there are must not come in between."""
    kinds.load()
    registry.load()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A session that a stopped process or a pool's thread left behind must not keep the tables from being removed at the end.

    Django's permissions, which nothing here asks for, are made once, and not again after each test that empties the tables: that
    took most of the time of such a test.
    """
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Tests empty all tables; that this one cannot be emptied is tested with the trigger enabled.
        cursor.execute("ALTER TABLE jobs_audit_entry DISABLE TRIGGER audit_entry_not_emptied")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _connections_go_back() -> Iterator[None]:
    """A thread that ends without closing its connection takes it from the pool for good: later tests would find it empty."""
    before = _lent()
    yield
    deadline = time.monotonic() + 5  # a heartbeat may be at its last statement
    while _lent() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    if _lent() > before:
        pytest.fail("a thread of this test has not given its connection back to the pool")


def _lent() -> int:
    """How many of the pool's connections are lent to threads other than this one."""
    own = connections[DEFAULT_DB_ALIAS]
    # Asked for as `connection.pool` it would be made, and that before the tests' database has its name.
    pool = getattr(type(own), "_connection_pools", {}).get(own.alias)
    if pool is None:
        return 0
    told = pool.get_stats()
    return int(told["pool_size"] - told["pool_available"]) - (own.connection is not None)


@pytest.fixture(autouse=True)
def _content_types_are_looked_up_anew() -> None:
    """Those that were remembered may have been undone with the test that made them, or emptied with the tables after it."""
    ContentType.objects.clear_cache()


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
