"""A workspace secret reaches the service that is called, and nothing else: no log, no row, no answer, no command line."""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.acceptance.payloads import Payloads, calls
from tests.acceptance.service import CountingService
from tests.acceptance.system import System

pytestmark = pytest.mark.acceptance

SECRET = "s3cret/with+signs=and-40-characters-or-so"
WORDS = (SECRET, quote(SECRET, safe=""), base64.b64encode(f"user:{SECRET}".encode()).decode())
"""The secret as it is sent: plain, in an address, in a basic Authorization header."""

SCHEMES = (
    {"bearer": {"secret": "token"}},
    {"basic": {"username": "user", "password_secret": "token"}},
    {"api_key": {"secret": "token", "header": "X-Key"}},
    {"api_key": {"secret": "token", "query": "key"}},
)


def test_a_secret_is_sent_and_kept_nowhere_else(system: System, service: CountingService) -> None:
    system.machine.python("manage.py", "set_secret", "acceptance", "token", given=SECRET)
    (worker,) = system.start_workers(1, LOG_LEVEL="DEBUG")
    run_id = system.start(payloads(service), retry={"maximum_attempts": 2})
    run = system.wait_for_end(run_id, seconds=20)

    assert (run.succeeded, run.failed) == (4, 8)
    sent = " ".join(f"{call.path} {call.headers}" for call in service.calls.all())
    assert all(word in sent for word in WORDS), "the secret never reached the service: the test says nothing"
    places = {
        "the worker's log": worker.log,
        "the web server's log": system.machine.web_log.read_text(),
        "a row": everything_stored(system),
        "the API": answers(system, run_id),
        "a command line": Path(f"/proc/{worker.process.pid}/cmdline").read_text(),
    }
    assert {place for place, text in places.items() if any(word in text for word in WORDS)} == set()


def payloads(service: CountingService) -> Payloads:
    """Each scheme, at an address that succeeds and repeats what it was sent, at one that refuses, and at one that is not there."""
    # Nothing listens on port 1.
    return [
        payload
        for scheme in SCHEMES
        for payload in (
            *calls(service, "/echo", auth=scheme),
            *calls(service, "/refuse", auth=scheme),
            {"kind": "http", "parameters": {"url": "http://127.0.0.1:1/", "auth": scheme}},
        )
    ]


def everything_stored(system: System) -> str:
    """Every row of every table, as text."""
    tables = system.rows("SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 10
    return "\n".join(
        row.line for table in tables for row in system.rows(f"SELECT t::text AS line FROM {table.name} AS t")
    )


def answers(system: System, run_id: int) -> str:
    """What the API says of the run."""
    parts = ("", "payloads/", "logs/", "events/", *(f"payloads/{position}/" for position in range(12)))
    texts = [system.machine.ask("GET", f"runs/{run_id}/{part}") for part in parts]
    assert all(answer.ok for answer in texts)
    return "\n".join(answer.text for answer in texts)
