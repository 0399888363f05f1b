"""The commands of docs/how-to/why-did-it-not-run.md and docs/how-to/backfill.md, run as they stand there."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from jobs import hotpath
from jobs.models import Run
from scheduler.models import Backfill
from scheduler.services.backfills import work_off
from tests.integration.people import make_job, make_workspace
from tests.integration.schedule_answers.rows import make_fire, make_schedule

# Each command is a process of its own, which on a busy machine takes half a minute to begin.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
GUIDES = ROOT / "docs" / "how-to"
NIGHTLY = {"name": "nightly", "triggers": [{"type": "cron", "expression": "0 30 2 ? * MON-FRI"}], "timezone": "UTC"}
"""As docs/how-to/schedule-a-job.md leaves it."""


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    hotpath.close()


def _commands(guide: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", (GUIDES / guide).read_text(encoding="utf-8"), flags=re.DOTALL)


def _run(command: str) -> str:
    """In a shell, on this test's database."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    done = subprocess.run(
        ["sh", "-ec", command.replace("python ", f"{sys.executable} ", 1)],
        env={**os.environ, "DATABASE_URL": urlunsplit(address)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_why_it_did_not_run() -> None:
    make_job(make_workspace("demo"), "task:report", schedules=[NIGHTLY])
    asked, named = _commands("why-did-it-not-run.md")
    assert re.match(r"\w+ \d+ \w+ \d{4}, 02:30 \(UTC\): ", _run(asked))
    assert _run(named).startswith("Friday 20 November 2026, 02:30 (UTC): ")


def test_a_backfill() -> None:
    schedule = make_schedule(make_workspace("demo"), "task:report", **NIGHTLY)
    make_fire(schedule, dt.datetime(2026, 11, 18, 2, 30, tzinfo=dt.UTC), detail="its former run had not ended")
    dry, begin, show, cancel = _commands("backfill.md")
    told = _run(dry).splitlines()
    assert told[0] == "run   Monday 16 November 2026, 02:30  no run"
    assert told[2] == "run   Wednesday 18 November 2026, 02:30  skipped: overlap (its former run had not ended)"
    assert told[-1] == "5 fire times would be run"
    assert not Backfill.objects.exists()

    begun = _run(begin)
    backfill = Backfill.objects.get()
    assert begun == f"backfill {backfill.pk}: running, 5 fire times: 5 ahead\n"
    work_off()
    assert Run.objects.count() == 2
    assert _run(show.replace("--show 1", f"--show {backfill.pk}")).endswith("3 ahead, 2 running\n")
    assert _run(cancel.replace("--cancel 1", f"--cancel {backfill.pk}")).endswith("5 fire times: 5 cancelled\n")
