"""How long the database lets a session of each process stand still in a transaction, and how long a statement of it may take."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, connections

from embedded.servers import CHECKOUT
from jobsproject.answering import limit_statements

_ASK = """
import {module}
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('statement_timeout')")
    print(*cursor.fetchone())
connection.close()
connection.close_pool()
"""


def limits_in(module: str, **environment: str) -> list[str]:
    """The two, in the sessions of a process that begins with this module."""
    found = subprocess.run(
        [sys.executable, "-c", _ASK.format(module=module)],
        cwd=CHECKOUT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "jobsproject.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return found.stdout.split()


class TestProcesses:
    @pytest.mark.parametrize("module", ["jobsproject.wsgi", "jobsproject.asgi"])
    def test_who_answers_people_gives_long_statements_up(self, module: str) -> None:
        given = {"DATABASE_IDLE_SECONDS": "45", "DATABASE_STATEMENT_SECONDS": "50"}
        assert limits_in(module, **given) == ["45s", "50s"]

    @pytest.mark.parametrize("module", ["jobsproject.celery", "manage"])
    def test_workers_beats_and_commands_take_as_long_as_they_need(self, module: str) -> None:
        assert limits_in(module, DATABASE_IDLE_SECONDS="45") == ["45s", "0"]

    def test_without_a_word_of_the_deployment_both_are_a_minute(self) -> None:
        assert limits_in("jobsproject.wsgi", DATABASE_IDLE_SECONDS="") == ["1min", "1min"]

    def test_zero_is_no_limit(self) -> None:
        none = {"DATABASE_IDLE_SECONDS": "0", "DATABASE_STATEMENT_SECONDS": "0"}
        assert limits_in("jobsproject.wsgi", **none) == ["0", "0"]


@pytest.fixture
def options() -> Iterator[dict[str, str]]:
    """Those of Django's sessions, as they were again afterwards."""
    own = connections.settings["default"]["OPTIONS"]
    before = own["options"]
    yield own
    own["options"] = before


@pytest.mark.django_db
def test_what_takes_too_long_is_ended_by_the_database(options: dict[str, str], settings: object) -> None:
    settings.DATABASE_STATEMENT_SECONDS = 0.01  # type: ignore[attr-defined]
    limit_statements()
    parameters = {**connection.get_connection_params(), "options": options["options"]}
    parameters.pop("pool", None)
    with psycopg.connect(**parameters) as session, pytest.raises(psycopg.errors.QueryCanceled):
        session.execute("SELECT pg_sleep(60)")
