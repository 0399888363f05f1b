"""Files that nobody's row names any more, or not yet: a cleanup erases the old ones, and leaves everything else in the folder."""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs.made_file import MadeFile
from jobs.models import Job, Run, StoredFile
from jobs.services import leftovers
from jobs.services.leftovers import erase_leftovers
from jobs.services.stored_files import Owner, incoming_folder, move_in, record
from tests.integration.cleanup.history import DAY, NOW, clean, old_run, order
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """The folder of stored files."""
    settings.JOBS_STORED_FILES = tmp_path
    return tmp_path


@pytest.fixture
def stored(root: Path) -> Make:
    """Keeps a file of a run as an attempt does, so many days ago; where it lies. ``row`` false: the attempt died before that."""

    def keeping(run: Run, days: float = 40, *, attempt: int = 1, row: bool = True) -> Path:
        owner = Owner("acme", run.pk, 0, attempt)
        source = incoming_folder(root=root, owner=owner) / "a.csv"
        source.write_text("a")
        aged(source, days)
        files = move_in(root=root, owner=owner, files=[MadeFile(source, "a.csv", "text/csv", 1, "0" * 64)])
        if row:
            record(root=root, owner=owner, files=files)
        return files[0].source

    return keeping


def aged(path: Path, days: float) -> Path:
    at = (NOW - days * DAY).timestamp()
    os.utime(path, (at, at))
    return path


def swept(root: Path, *, before: dt.datetime = NOW) -> int:
    """How many files went."""
    pages = leftovers.old_files(root=root, before=before, now=NOW)
    return sum(erase_leftovers(root=root, paths=page) for page in pages)


class TestWhatGoes:
    def test_a_file_whose_attempt_died_before_it_had_a_row_goes_and_the_next_attempts_stays(
        self, root: Path, stored: Make, job: Job
    ) -> None:
        run = make_run(job)
        lost, kept = stored(run, row=False), stored(run, attempt=2)
        assert swept(root) == 1
        assert (lost.exists(), kept.exists()) == (False, True)

    def test_a_file_of_an_attempt_that_died_while_it_wrote_goes(self, root: Path, job: Job) -> None:
        half = incoming_folder(root=root, owner=Owner("acme", make_run(job).pk, 0, 1)) / "half.csv"
        half.touch()
        aged(half, 8)
        assert swept(root) == 1
        assert not half.exists()

    def test_what_is_younger_than_a_week_stays_whatever_is_asked_for(self, root: Path, stored: Make, job: Job) -> None:
        young = stored(make_run(job), 6.9, row=False)
        assert swept(root) == 0
        assert young.exists()

    def test_what_is_younger_than_what_was_asked_for_stays(self, root: Path, stored: Make, job: Job) -> None:
        run = make_run(job)
        young, old = stored(run, 29, row=False), stored(run, 31, row=False)
        assert swept(root, before=NOW - 30 * DAY) == 1
        assert (young.exists(), old.exists()) == (True, False)

    def test_every_page_is_looked_at(self, root: Path, stored: Make, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leftovers, "PAGE", 2)
        run = make_run(job)
        stored(run)
        for _ in range(4):
            stored(run, row=False)
        assert swept(root) == 4

    def test_what_vanishes_meanwhile_does_not_matter(self, root: Path, stored: Make, job: Job) -> None:
        path = stored(make_run(job), row=False)
        (page,) = leftovers.old_files(root=root, before=NOW, now=NOW)
        path.unlink()
        assert page == [path]
        erase_leftovers(root=root, paths=page)
        assert list(leftovers.old_files(root=root, before=NOW, now=NOW)) == []

    @pytest.mark.parametrize(
        "strange",
        ["flights.csv", "acme/flights.csv", "acme/7/flights.csv", "2025/01/01/day.csv", "incoming/mine/x.csv"],
    )
    def test_what_does_not_look_like_a_file_of_ours_stays(self, root: Path, strange: str) -> None:
        path = root / strange
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("somebody's")
        aged(path, 400)
        assert swept(root) == 0
        assert path.exists()


class TestFolders:
    def test_an_old_one_with_nothing_in_it_goes(self, root: Path, stored: Make, job: Job) -> None:
        folder = stored(make_run(job), row=False).parent
        swept(root)
        assert folder.exists(), "it has just been emptied"
        aged(folder, 8)
        swept(root)
        assert not folder.exists()

    def test_one_with_something_in_it_stays(self, root: Path, stored: Make, job: Job) -> None:
        path = stored(make_run(job))
        aged(path.parent, 40)
        swept(root)
        assert path.exists()

    def test_those_of_workspaces_and_of_what_is_being_written_stay(self, root: Path) -> None:
        folders = [root / "acme", root / "incoming"]
        for folder in folders:
            folder.mkdir()
            aged(folder, 40)
        swept(root)
        assert all(folder.exists() for folder in folders)


class TestACleanup:
    def test_erases_the_row_and_then_the_file(self, root: Path, stored: Make, job: Job) -> None:
        path = stored(old_run(job))
        assert swept(root) == 0
        assert clean(order(job))["files"] == 1
        assert not StoredFile.objects.exists()
        assert swept(root) == 1
        assert not path.exists()

    def test_by_command_does_the_same(self, root: Path, stored: Make, job: Job) -> None:
        path = stored(old_run(job, 4000), 4000)
        call_command("clean_up", "acme", "--keep-newest", "0", "--dry-run", stdout=io.StringIO())
        assert path.exists()
        call_command("clean_up", "acme", "--keep-newest", "0", stdout=io.StringIO())
        assert not path.exists()
