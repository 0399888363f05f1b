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
from tests.integration.schedule_answers.rows import DAILY, NINE, make_fire, make_schedule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

ROOT = Path(__file__).parents[3]
GUIDES = ROOT / "docs" / "how-to"


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
    schedules = [DAILY | {"name": "nightly"}]
    make_job(make_workspace(), "task:report", schedules=schedules)
    asked, named = _commands("why-did-it-not-run.md")
    assert re.match(r"\w+ \d+ \w+ \d{4}, 09:00 \(Europe/Berlin\): ", _run(asked))
    assert _run(named).startswith("Friday 20 November 2026, 09:00 (Europe/Berlin): ")


def test_a_backfill() -> None:
    schedule = make_schedule(make_workspace(), "task:report")
    make_fire(schedule, NINE - dt.timedelta(days=4), detail="its former run had not ended")
    dry, begin, show, cancel = _commands("backfill.md")
    told = _run(dry).splitlines()
    assert told[0] == "run   Saturday 14 November 2026, 09:00  no run"
    assert told[2] == "run   Monday 16 November 2026, 09:00  skipped: overlap (its former run had not ended)"
    assert told[-1] == "7 fire times would be run"
    assert not Backfill.objects.exists()

    begun = _run(begin)
    backfill = Backfill.objects.get()
    assert begun == f"backfill {backfill.pk}: running, 7 fire times: 7 ahead\n"
    work_off()
    assert Run.objects.count() == 2
    assert _run(show.replace("--show 1", f"--show {backfill.pk}")).endswith("5 ahead, 2 running\n")
    assert _run(cancel.replace("--cancel 1", f"--cancel {backfill.pk}")).endswith("7 fire times: 7 cancelled\n")
