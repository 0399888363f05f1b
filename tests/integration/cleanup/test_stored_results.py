"""Objects of results that nobody refers to any more: the payload and the command erase them at their end."""

from __future__ import annotations

import io
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs import large_results
from jobs.claims import stored_results as claims
from jobs.errors import TransientError
from jobs.models import Job, Payload, Run, StoredResult
from jobs.services import stored_results
from tests.integration.cleanup.history import NOW, old_run
from tests.integration.cleanup.test_payload import work
from tests.integration.engine.makers import together
from tests.integration.people import make_job
from tests.integration.run_rows import make_run
from workers.payloads.log_cleanup.executor import EXECUTOR

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """The storage of results."""
    backend = {"BACKEND": "jobs.result_files.ResultFiles", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "results": backend}
    return tmp_path


@pytest.fixture
def cleaning(job: Job) -> Run:
    """The run that cleans up."""
    return make_run(make_job(job.workspace, "task:clean"), "q", created_at=NOW)


@pytest.fixture
def stored(folder: Path, job: Job) -> Path:
    """Where the result of a payload of an old run lies."""
    run = old_run(job)
    key = f"acme/{run.pk}/0-1-a.json"
    StoredResult.objects.create(run_id=run.pk, position=0, key=key)
    about = large_results.put(key=key, text='"whole"')
    Payload.objects.filter(run=run, position=0).update(result={"head": ""}, stored=about)
    return folder / key


class TestThePayload:
    @pytest.mark.parametrize("asked", [{}, {"what": ["results"]}])
    def test_they_go_at_the_end(self, cleaning: Run, stored: Path, asked: dict[str, Any]) -> None:
        EXECUTOR.perform(work(cleaning, parameters=asked))
        assert (stored.exists(), StoredResult.objects.count()) == (False, 0)

    @pytest.mark.parametrize("asked", [{"dry_run": True}, {"what": ["events"]}, {"days": 100}])
    def test_they_stay_where_somebody_refers_to_them(self, cleaning: Run, stored: Path, asked: dict[str, Any]) -> None:
        EXECUTOR.perform(work(cleaning, parameters=asked))
        assert (stored.exists(), StoredResult.objects.count()) == (True, 1)

    def test_a_storage_that_does_not_answer_leaves_them_to_the_next_attempt(self, cleaning: Run, stored: Path) -> None:
        stored.unlink()
        (stored / "in the way").mkdir(parents=True)
        with pytest.raises(TransientError) as caught:
            EXECUTOR.perform(work(cleaning))
        assert (caught.value.code, StoredResult.objects.count()) == ("result_storage", 1)
        (stored / "in the way").rmdir()
        EXECUTOR.perform(work(cleaning, attempt=2))
        assert (stored.exists(), StoredResult.objects.count()) == (False, 0)

    def test_an_attempt_that_is_told_to_stop_leaves_the_rest_to_the_next(
        self, cleaning: Run, stored: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cancelled = threading.Event()
        find = stored_results.find_orphans

        def find_last(**of: int) -> stored_results.Orphans:
            cancelled.set()
            return find(**of)

        with monkeypatch.context() as stopping:
            stopping.setattr(stored_results, "find_orphans", find_last)
            with pytest.raises(TransientError, match="another attempt goes on"):
                EXECUTOR.perform(work(cleaning, cancelled=cancelled))
        assert stored.exists()
        EXECUTOR.perform(work(cleaning, attempt=2))
        assert not stored.exists()

    def test_in_the_folder_of_stored_files_they_are_no_leftovers_however_old(
        self, cleaning: Run, stored: Path, folder: Path, settings: Any
    ) -> None:
        within = folder / ".results"
        shutil.move(folder / "acme", within / "acme")
        settings.JOBS_STORED_FILES = folder
        key = stored.relative_to(folder)
        for path in ((within / key), (within / key).parent):
            os.utime(path, (0, 0))
        EXECUTOR.perform(work(cleaning, parameters={"what": ["files"]}))
        assert (within / key).exists()

    def test_a_deployment_that_has_no_storage_any_more_keeps_their_rows(
        self, cleaning: Run, stored: Path, settings: Any
    ) -> None:
        settings.STORAGES = {name: each for name, each in settings.STORAGES.items() if name != "results"}
        EXECUTOR.perform(work(cleaning))
        assert (stored.exists(), StoredResult.objects.count()) == (True, 1)


class TestTheCommand:
    @pytest.mark.parametrize(("options", "left"), [((), False), (("--dry-run",), True), (("--what", "events"), True)])
    def test_it_erases_them_as_well(self, stored: Path, options: tuple[str, ...], left: bool) -> None:
        call_command("clean_up", "acme", "--days=0", "--keep-newest=0", *options, stdout=io.StringIO())
        assert (stored.exists(), StoredResult.objects.exists()) == (left, left)


class TestTogether:
    def test_of_two_that_let_go_of_one_object_at_once_one_erases_it(self, job: Job, folder: Path) -> None:
        for _ in range(20):
            rows = [StoredResult.objects.create(run_id=2**40 + run, position=0, key="acme/1/a") for run in (1, 2)]
            large_results.put(key="acme/1/a", text="1")
            kept = stored_results.find_orphans().kept
            assert [each.id for each in kept] == [row.pk for row in rows]
            erased = together([lambda each=each: stored_results.erase([each]) for each in kept])  # type: ignore[misc]
            assert sum(erased) == 1
            assert (StoredResult.objects.count(), list(folder.rglob("a"))) == (0, [])

    def test_two_that_erase_the_same_do_each_other_no_harm(self, job: Job, folder: Path) -> None:
        StoredResult.objects.create(run_id=2**40, position=0, key="acme/1/a")
        [kept] = stored_results.find_orphans().kept
        assert claims.let_go(kept=kept)
        together([lambda: stored_results.erase([kept])] * 2)
        assert (StoredResult.objects.count(), stored_results.erase([kept])) == (0, 0)
