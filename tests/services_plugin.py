"""Starts a private PostgreSQL and Redis for the test session, before Django's settings ask for them.

With DATABASE_URL and BROKER_URL set, those are used. EMBEDDED_POSTGRES=15 takes the machine's PostgreSQL of that version.
Each session has servers and data of its own, so that sessions may run beside each other and beside `make up`; with ``-n 2``
each of its two processes has.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.errors import AlreadyRunning
from embedded.home import open_home
from embedded.owner_lock import OwnerLock
from embedded.private_files import private_folder
from embedded.servers import CHECKOUT, LOCK, end_private_leftovers, running_servers

SESSIONS = CHECKOUT / ".data" / "test"
# Names the variables that a session has set: the processes that it starts to share the tests must not take them for the caller's.
_OURS = "TEST_SESSION_SET"


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """A wrapper, because it must come before pytest-django's own hook, which loads the settings."""
    for name in os.environ.pop(_OURS, "").split():
        del os.environ[name]
    private_folder(SESSIONS.parent)
    private_folder(SESSIONS)
    cleanup = contextlib.ExitStack()
    early_config.add_cleanup(cleanup.close)
    with (SESSIONS.parent / "test.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # or one session takes another that is just beginning for a dead one
        remove_dead_sessions()
        servers = cleanup.enter_context(running_servers(SESSIONS / secrets.token_hex(4), keep=False))
    values = {**test_environment(), **servers.environment}
    ours = [name for name in values if name not in os.environ]
    os.environ.update({name: values[name] for name in ours}, **{_OURS: " ".join(ours)})
    return (yield)


def test_environment() -> dict[str, str]:
    """What the settings need besides the servers, when the caller has not set it."""
    static = private_folder(
        SESSIONS.parent / "static"
    )  # WhiteNoise warns when it is not there, and warnings are errors
    return {
        "SECRET_KEY": secrets.token_urlsafe(40),
        "JOBS_SECRET_KEYS": "dGVzdHMtb25seTogdGhpcyBrZXkgaXMgbm8gc2VjcmU=",
        "JOBS_EGRESS_ALLOW": "127.0.0.0/8,::1/128",
        "SECURE_COOKIES": "false",
        "LOG_JSON": "false",
        "STATIC_ROOT": str(static),
        # A test is one transaction, which stands still while the test waits for something else on a busy machine.
        "DATABASE_IDLE_SECONDS": "600",
    }


test_environment.__test__ = False  # type: ignore[attr-defined]


def remove_dead_sessions() -> None:
    """Remove what sessions left behind that were killed."""
    for session in SESSIONS.iterdir():
        _remove_if_dead(session)


def _remove_if_dead(session: Path) -> None:
    home = open_home(session)
    try:
        lock = OwnerLock(home.data / LOCK, what="a test session")
    except AlreadyRunning:
        return
    end_private_leftovers(home)
    home.erase()
    lock.release()
