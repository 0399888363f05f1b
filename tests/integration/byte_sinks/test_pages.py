"""The examples on the pages of these sinks do what the pages say."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import hotpath
from jobs.models import Run, Workspace
from jobs.services.closing import close_runs
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.services.secrets import set_secret
from jobs.states import Trigger
from tests.integration.byte_sinks.buckets import Bucket
from tests.integration.byte_sinks.runs import due_sink
from tests.integration.sinks.makers import finish
from tests.swift import ACCESS_KEY, SECRET_KEY
from workers.delivering import deliver_to

PAGES = Path(__file__).parents[3] / "docs" / "reference"


@pytest.fixture(autouse=True)
def database(transactional_db: None) -> Iterator[None]:
    yield
    hotpath.close()


def example(page: str) -> dict[str, Any]:
    """The document on a page."""
    found = re.search(r"```json\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


def delivered(document: dict[str, Any]) -> Run:
    """A run of the job that has ended, whose results were delivered."""
    workspace = Workspace.objects.create(slug="acme", name="Acme")
    for name, value in (("s3-access-key", ACCESS_KEY), ("s3-secret-key", SECRET_KEY)):
        set_secret(workspace=workspace, name=name, value=value)
    job = save_job(workspace=workspace, document=document, actor="test")
    run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))
    finish(run)
    close_runs(run_ids=[run.pk])
    assert deliver_to(sink_id=due_sink()) == 1
    run.refresh_from_db()
    return run


def test_s3(bucket: Bucket) -> None:
    document = example("sink-s3.md")
    document["sinks"][0]["configuration"] |= {"bucket": bucket.name, "endpoint_url": bucket.endpoint_url}
    run = delivered(document)
    key = f"nightly/task:rollup/{run.ended_at:%Y-%m-%d}/{run.pk}.jsonl.gz"
    assert bucket.objects() == [key, f"{key}.manifest.json"]
    lines = gzip.decompress(bucket.read(key)).splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["first", "second"]


def test_file(tmp_path: Path, settings: Any) -> None:
    settings.JOBS_FILE_ROOTS = [tmp_path]
    run = delivered(example("sink-file.md"))
    name = tmp_path / "results" / "task:rollup" / f"{run.pk}.csv.gz"
    assert sorted(name.parent.iterdir()) == [name, name.with_name(f"{name.name}.manifest.json")]
    with gzip.open(name, "rt", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["first", "second"]
