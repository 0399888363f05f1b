"""A generate payload in its child process: to the screen, to files, the same when it is tried again, and nothing left behind."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import yaml

from jobs.documents import parse_job
from jobs.errors import PermanentError, TransientError
from jobs.models import Run, StoredFile, Workspace
from jobs.services.stored_files import INCOMING, Owner
from tests.integration.child_work import Recorder, in_background, wait_for
from tests.integration.people import make_job
from tests.integration.run_rows import make_run
from workers.file_store import StoredFiles
from workers.generate.run import run as run_job
from workers.payloads import EXECUTORS

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {
    "name": "people",
    "fields": [{"name": "id", "type": "sequence", "primary_key": True}, {"name": "name", "type": "person"}],
}
ORDERS = {
    "name": "orders",
    "records": 7,
    "fields": [{"name": "buyer", "type": "reference", "dataset": "people"}, {"name": "paid", "type": "boolean"}],
}
NUMBER = {"name": "n", "type": "integer"}
ENDLESS = {"name": "many", "records": 10**9, "fields": [NUMBER]}

Perform = Callable[..., dict[str, Any]]


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    """The folder of stored files."""
    settings.JOBS_STORED_FILES = tmp_path / "stored"
    return tmp_path / "stored"


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return make_run(make_job(workspace))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def perform(root: Path, run: Run, recorder: Recorder) -> Perform:
    """Performs one attempt at the first payload of the run."""

    def performing(*datasets: dict[str, Any], attempt: int = 1, work: dict[str, Any] | None = None, **more: Any) -> Any:
        owner = Owner(run.workspace.slug, run.pk, 0, attempt)
        made = recorder.work(parameters={"datasets": list(datasets), **more}, files=StoredFiles(owner), **(work or {}))
        return EXECUTORS["generate"].perform(made)

    return performing


class Nobody:
    """Listens to what a job says."""

    def log(self, level: str, message: str) -> None: ...

    def progress(self, *, current: float, total: float | None = None, unit: str = "") -> None: ...


def stored(root: Path, name: str) -> Path:
    """Where the file of that name lies."""
    return root / StoredFile.objects.get(name=name).path


def left_behind(root: Path) -> list[Path]:
    """What lies where files are written."""
    return list((root / INCOMING).iterdir())


class TestTheScreen:
    def test_shows_what_was_made(self, perform: Perform) -> None:
        result = perform(PEOPLE, output="screen", seed=3, records=2, format={"type": "jsonl"})
        (made,) = result["datasets"]
        assert [json.loads(line)["id"] for line in made["text"].splitlines()] == [1, 2]
        assert (result["records"], result["seed"], result["format"]) == (2, 3, "jsonl")

    def test_needs_no_place_for_files(self, perform: Perform, settings: Any) -> None:
        settings.JOBS_STORED_FILES = None
        assert perform(PEOPLE, output="screen")["records"] == 10

    def test_is_not_for_much(self, perform: Perform) -> None:
        with pytest.raises(PermanentError, match="too much for the screen") as caught:
            perform(PEOPLE, output="screen", records=100_000)
        assert caught.value.code == "output_size"


class TestFiles:
    def test_are_kept_with_what_is_said_of_them(self, perform: Perform, root: Path, run: Run) -> None:
        result = perform(PEOPLE, ORDERS, records=5)
        people, orders = result["datasets"]
        data = stored(root, "people.csv").read_bytes()
        assert people == {
            "name": "people",
            "records": 5,
            "file": "people.csv",
            "size_bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "media_type": "text/csv",
            "url": f"/api/v1/workspaces/acme/runs/{run.pk}/files/0/people.csv/",
        }
        with stored(root, "orders.csv").open(newline="") as file:
            assert [row["buyer"] for row in csv.DictReader(file)] == list("1234512")
        assert orders["records"] == 7
        assert left_behind(root) == []

    def test_are_parquet_when_that_is_asked_for(self, perform: Perform, root: Path) -> None:
        perform(PEOPLE, format={"type": "parquet"}, records=2500)
        assert pyarrow.parquet.read_table(stored(root, "people.parquet"))["id"].to_pylist() == list(range(1, 2501))

    def test_are_the_same_for_every_attempt_of_a_payload(self, perform: Perform, root: Path) -> None:
        first = perform(PEOPLE, ORDERS)
        path = stored(root, "people.csv")
        again = perform(PEOPLE, ORDERS, attempt=2)
        assert [made["sha256"] for made in again["datasets"]] == [made["sha256"] for made in first["datasets"]]
        assert StoredFile.objects.count() == 2
        assert not path.exists()

    def test_are_others_in_another_run(self, perform: Perform) -> None:
        first, other = (perform(PEOPLE, work={"run_id": run_id})["datasets"][0]["sha256"] for run_id in (1, 2))
        assert first != other

    def test_need_a_place(self, perform: Perform, settings: Any) -> None:
        settings.JOBS_STORED_FILES = None
        with pytest.raises(PermanentError, match="JOBS_STORED_FILES"):
            perform(PEOPLE)

    def test_are_tried_again_when_the_place_is_not_there(self, perform: Perform, root: Path) -> None:
        root.touch()  # where the folder should be
        with pytest.raises(TransientError, match="folder of stored files: Not a directory") as caught:
            perform(PEOPLE)
        assert caught.value.code == "files"

    def test_are_tried_again_when_one_cannot_be_written(self, tmp_path: Path) -> None:
        spec = {"job": {"datasets": [PEOPLE]}, "seed": 1, "now": "2026-03-01", "limit_bytes": 1000}
        with pytest.raises(TransientError, match="could not write a file: No such file or directory") as caught:
            run_job(spec=spec | {"folder": str(tmp_path / "gone")}, channel=Nobody())
        assert caught.value.code == "files"

    def test_have_a_limit(self, perform: Perform, settings: Any, root: Path) -> None:
        settings.JOBS_STORED_FILE_MB = 1
        with pytest.raises(PermanentError, match="1,000,000 bytes that this deployment allows"):
            perform(PEOPLE, records=100_000)
        assert not StoredFile.objects.exists()
        assert left_behind(root) == []

    def test_are_flushed_after_each_record_when_that_is_asked_for(self, perform: Perform, root: Path) -> None:
        at_once = perform(PEOPLE, seed=1)["datasets"][0]["sha256"]
        assert perform(PEOPLE, seed=1, flush_each_record=True, attempt=2)["datasets"][0]["sha256"] == at_once


class TestHowMany:
    def test_is_what_was_asked_for(self, perform: Perform) -> None:
        assert perform(PEOPLE, records=3, output="screen")["records"] == 3

    def test_is_drawn_from_the_seed_when_that_is_asked_for(self, perform: Perform) -> None:
        drawn = {"records": 1000, "randomize_records": True, "format": {"type": "jsonl"}, "output": "screen"}
        many, few = (perform(ORDERS | {"fields": [NUMBER], "records": 5000}, seed=seed, **drawn) for seed in (1, 2))
        assert many["records"] != few["records"]
        assert all(1 <= result["records"] <= 5000 for result in (many, few))
        assert all(len(result["datasets"][0]["text"].splitlines()) == result["records"] for result in (many, few))


class TestAnAttempt:
    def test_shows_how_far_it_is(self, perform: Perform, recorder: Recorder) -> None:
        perform(PEOPLE, records=1500)
        assert recorder.progress[0] == {"current": 1000, "total": 1500, "unit": "records"}

    def test_of_several_processes_says_nothing_but_what_it_made(self, perform: Perform, recorder: Recorder) -> None:
        perform(PEOPLE, records=2001, processes=2)
        assert [level for level, _ in recorder.lines] == ["info"]

    def test_that_cannot_find_other_values_fails_for_good(self, perform: Perform) -> None:
        field = {"name": "v", "type": "boolean", "unique": True}
        with pytest.raises(PermanentError, match=r"few\.v: record 3") as caught:
            perform({"name": "few", "fields": [field]})
        assert caught.value.code == "duplicates"

    def test_that_is_stopped_leaves_nothing(self, perform: Perform, recorder: Recorder, root: Path) -> None:
        ended = in_background(lambda: perform(ENDLESS, processes=2, work={"grace_seconds": 0.1}))
        wait_for(lambda: bool(recorder.progress), seconds=60)
        recorder.cancelled.set()
        with pytest.raises(TransientError, match="stopped"):
            ended()
        assert left_behind(root) == []
        assert not StoredFile.objects.exists()

    def test_that_takes_too_long_is_tried_again(self, perform: Perform) -> None:
        with pytest.raises(TransientError) as caught:
            perform(ENDLESS, work={"timeout_seconds": 1.0, "grace_seconds": 0.1})
        assert caught.value.code == "timeout"

    def test_with_parameters_that_are_no_longer_valid_fails_for_good(self, perform: Perform) -> None:
        with pytest.raises(PermanentError) as caught:
            perform({"name": "a", "fields": []})
        assert caught.value.code == "parameters"
        assert "parameters.datasets.0.fields" in str(caught.value)


class TestTheExample:
    def test_ends_as_its_manifest_says(self, perform: Perform) -> None:
        (job,) = yaml.safe_load((ROOT / "examples" / "generate.yaml").read_text())
        parameters = dict(parse_job(job).payload[0].parameters)
        result = perform(*parameters.pop("datasets"), **parameters)
        expected = job["metadata"]["expect"]["results"][0]["holds"]
        assert {name: result[name] for name in expected} == expected


class TestTheReference:
    """docs/reference/generate-payload.md"""

    PAGE = (ROOT / "docs/reference/generate-payload.md").read_text(encoding="utf-8")
    BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    @pytest.mark.parametrize("text", BLOCKS)
    def test_its_examples_run(self, text: str, perform: Perform) -> None:
        example = yaml.safe_load(text)
        job = parse_job(example if "key" in example else {"key": "task:example", "payload": [example]})
        parameters = dict(job.payload[0].parameters)
        assert perform(*parameters.pop("datasets"), **parameters)["records"] > 0

    def test_its_result_is_that_of_its_job(self, perform: Perform) -> None:
        (shown,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", self.PAGE, re.DOTALL))
        parameters = dict(parse_job(yaml.safe_load(self.BLOCKS[0])).payload[0].parameters)
        made = perform(*parameters.pop("datasets"), **parameters)
        assert shown.keys() == made.keys()
        assert [shown[name] for name in ("records", "seed", "format")] == [
            made[name] for name in ("records", "seed", "format")
        ]
        assert [(each.keys(), each["file"], each["records"], each["media_type"]) for each in shown["datasets"]] == [
            (each.keys(), each["file"], each["records"], each["media_type"]) for each in made["datasets"]
        ]
