"""The commands of docs/how-to/load-data.md, with a worker in this process and child processes of its own."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from jobs import dispatch, hotpath
from jobs.claims import StartedRun
from jobs.models import Payload, Secret
from tests.integration.people import make_workspace
from workers import operations, turns

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "load-data.md"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Open to datasources, and the folder in which the commands run; what is published is done at once."""
    settings.JOBS_FILE_ROOTS, settings.JOBS_DATASOURCE_OWN_DATABASE = [tmp_path], True
    monkeypatch.setattr(dispatch, "publish_operation", lambda number: operations.perform(operation_id=number))
    monkeypatch.setattr(dispatch, "publish_started", work)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(block("csv"))
    (tmp_path / "orders.yaml").write_text(block("yaml"))
    yield tmp_path
    hotpath.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS datasource CASCADE")


def work(runs: Sequence[StartedRun]) -> None:
    """Work the lanes of runs that have just begun."""
    lanes = [(run.id, 0) for run in runs]
    turns.work(lanes=lanes, queue="datasource", single=True, strict=True, published_at=None)


def block(language: str) -> str:
    """The guide's one block in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return str(found)


def said(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command of the guide prints; one that reads its standard input gets what stands before the pipe."""
    given, _, called = command.rpartition("|")
    python, manage, *arguments = shlex.split(called)
    assert (python, manage) == ("python", "manage.py")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{shlex.split(given)[1]}\n" if given else ""))
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def orders() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, customer, amount::text FROM datasource.orders ORDER BY id")
        return list(cursor.fetchall())


def test_the_guides_commands_do_what_it_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workspace("demo")
    commands = re.findall(r"```sh\n(.*?)\n```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    secret, apply, validate, preview, trigger, state, reset, delete = commands

    assert said(secret, monkeypatch) == "WAREHOUSE: set\n"
    assert Secret.objects.get().name == "WAREHOUSE"
    said(apply, monkeypatch)
    assert json.loads(said(validate, monkeypatch))["valid"] is True
    shown = json.loads(said(preview, monkeypatch))
    assert [(row["id"], row["amount"]) for row in shown["rows"]] == [(1, "12.50"), (2, "7.00")]

    assert "succeeded" in said(trigger, monkeypatch)
    assert orders() == [(1, "Ann", "12.50"), (2, "Bob", "7.00"), (3, "Cy", "99.90")]
    assert "2026-11-20" in said(state, monkeypatch)
    late = "2,Bob,8.00,2026-11-20T10:00:00Z\n4,Di,1.00,2026-11-20T09:00:00Z\n5,Ed,2.00,2026-11-20T07:00:00Z\n"
    (folder / "orders.csv").write_text(block("csv") + late)
    said(trigger, monkeypatch)
    assert orders() == [(1, "Ann", "12.50"), (2, "Bob", "8.00"), (3, "Cy", "99.90"), (4, "Di", "1.00")]
    counts = (Payload.objects.order_by("-run_id")[0].result or {})["rows"]
    assert (counts["new"], counts["updated"]) == (1, 1)

    assert said(reset, monkeypatch) == "orders: null\n"
    said(trigger, monkeypatch)
    assert [order[0] for order in orders()] == [1, 2, 3, 4, 5]
    assert said(delete, monkeypatch) == "datasource.orders: 5 rows deleted\n"
    assert orders() == []
