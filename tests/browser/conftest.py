"""What the browser tests stand on: the machine's Chromium, the whole site as a process on this session's database, and people.

    def test_x(self, as_role: AsRole, workspace: Workspace) -> None:
        visit = as_role(Role.OPERATOR)
        visit.go("/ui/w/acme/").get_by_role("button", name="Run").click()
        visit.look()

With the fixture ``workers``, a real worker and a real beat work on what the test makes.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.backends.postgresql.operations import DatabaseOperations
from playwright.sync_api import Browser, sync_playwright

from jobs.models import Role, Workspace
from tests.acceptance.beat import Beat
from tests.acceptance.worker import Worker
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.visiting import Visit, visit
from tests.integration.people import make_user, make_workspace, signed_in
from tests.live_server import LiveServer, live_server

AsRole = Callable[..., Visit]
EMPTYING_TRIES = 5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that is here drives a browser, and takes its time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_beside_the_site() -> Iterator[None]:
    """Who empties all tables at once may meet a page that reads two of them in another order: one of both is refused."""
    empty = DatabaseOperations.execute_sql_flush

    def until_done(operations: DatabaseOperations, statements: Any) -> None:
        for _ in range(EMPTYING_TRIES - 1):
            try:
                return empty(operations, statements)
            except OperationalError:
                time.sleep(0.2)
        return empty(operations, statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", until_done)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all; each visit has cookies of its own."""
    program = find_chromium()
    if program is None:
        pytest.skip("this machine has no chromium: `make test-browser` says how to get it")
    # Playwright has a loop in this thread, in which Django would refuse to ask the database.
    before, os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"), "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that datasources may read."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="session")
def environment(django_db_setup: None, files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of the processes that work on the tests' database."""
    static = tmp_path_factory.mktemp("static")
    before, settings.STATIC_ROOT = settings.STATIC_ROOT, str(static)
    call_command("collectstatic", interactive=False, verbosity=0)
    settings.STATIC_ROOT = before
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return os.environ | {
        "DATABASE_URL": url,
        "STATIC_ROOT": str(static),
        "JOBS_FILE_ROOTS": str(files),
        "JOBS_LIVE_SECONDS": "0.05",
        "JOBS_LEASE_SECONDS": "3",
        "JOBS_SWEEP_SECONDS": "0.2",
        "JOBS_BEAT_SECONDS": "0.2",
        "PYTHONPATH": ".",
    }


@pytest.fixture(scope="session")
def running_site(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The site: pages, API and streams."""
    with live_server(environment=environment, log=tmp_path_factory.mktemp("site") / "site.log") as running:
        yield running


@pytest.fixture
def site(running_site: LiveServer, transactional_db: None) -> Iterator[str]:
    """Its address, ``http://127.0.0.1:...``."""
    running_site.ensure_started()
    yield f"http://{running_site.address}"
    running_site.close_all()


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    """acme, without members."""
    return make_workspace()


@pytest.fixture
def as_role(browser: Browser, site: str, workspace: Workspace) -> Iterator[AsRole]:
    """Has a browser opened by a member of acme with that role; each call is another person."""
    with contextlib.ExitStack() as opened:
        made: list[Visit] = []

        def open_one(role: Role, *, name: str = "", **columns: object) -> Visit:
            user = make_user(name or f"{role}-{len(made)}", workspace=workspace, role=role, **columns)
            session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            cookies = {settings.SESSION_COOKIE_NAME: session}
            made.append(opened.enter_context(visit(browser, base=site, cookies=cookies)))
            return made[-1]

        yield open_one


@pytest.fixture
def stranger(browser: Browser, site: str) -> Iterator[Visit]:
    """A browser of nobody."""
    with visit(browser, base=site, cookies={}) as opened:
        yield opened


@pytest.fixture
def workers(site: str, environment: dict[str, str], tmp_path: Path) -> Iterator[Worker]:
    """A worker and a beat, as a deployment starts them."""
    worker = Worker(name="worker-1", pool="threads", slots=4, log=tmp_path / "worker.log", environment=environment)
    beat = Beat(name="beat-1", log=tmp_path / "beat.log", environment=environment)
    try:
        worker.wait_until_ready()
        yield worker
    finally:
        worker.end()
        beat.end()
