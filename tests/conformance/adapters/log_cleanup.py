"""The log_cleanup kind, in a database in which somebody else may hold a lock."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connections

from jobs import hotpath
from jobs.models import Workspace
from tests.conformance.adapter import Adapter, Case
from tests.integration.cleanup.history import old_run
from tests.integration.people import make_job
from workers.payloads.log_cleanup import executor

_EVERYTHING = {"keep_newest": 0}


class LogCleanupAdapter(Adapter):
    """Its attempts are made in the worker's own process."""

    kind = "log_cleanup"
    without = {
        "large": "its result has a number for each sort of rows, however many there were",
        "secret": "it reaches nothing but this system's own database: its parameters cannot name any",
    }

    def __enter__(self) -> LogCleanupAdapter:
        self._connection: psycopg.Connection[Any] = hotpath.connect()
        self._connection.execute("SET idle_in_transaction_session_timeout = 0")
        self._patched = pytest.MonkeyPatch()
        return self

    def __exit__(self, *_: object) -> None:
        self._patched.undo()
        self._connection.rollback()
        self._connection.close()

    def success(self) -> Case:
        """There is one old run."""
        _make_history()
        return Case(_EVERYTHING, holds=lambda result: result["deleted"]["runs"] == 1)

    logs = success

    def transient(self) -> Case:
        """Somebody holds a table for longer than a cleanup waits, which is not at all."""
        self._patched.setattr(executor, "UNANSWERED_SECONDS", 0.0)
        return self.slow()

    def permanent(self) -> Case:
        """Other workspaces are not for this one to clean up."""
        return Case({"workspaces": "all"})

    def slow(self) -> Case:
        """It erases the old run; then it waits for a table that somebody holds."""
        _make_history()
        self._connection.execute("BEGIN")
        self._connection.execute("LOCK TABLE jobs_bulk_action IN ACCESS EXCLUSIVE MODE")
        return Case(_EVERYTHING, mend=self._connection.rollback, begun=self._somebody_waits)

    progress = slow

    def _somebody_waits(self) -> bool:
        with connections["default"].cursor() as looking:
            looking.execute(
                "SELECT count(*) FROM pg_locks WHERE relation = 'jobs_bulk_action'::regclass AND NOT granted"
            )
            row = looking.fetchone()
        return row is not None and row[0] > 0


def _make_history() -> None:
    old_run(make_job(Workspace.objects.get(), "task:old"), 4000)
