"""Each kind of job, as a person does it: chosen, filled in by form, saved, run, and watched on its page to the end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from jobs.models import Job, Role, Run, Workspace
from tests.acceptance.service import CountingService, counting_service
from tests.acceptance.worker import Worker
from tests.browser.conftest import AsRole
from tests.integration.spark_payload.conftest import SubmitStandIn

WITHIN = 40_000
PEOPLE = [{"name": "people", "fields": [{"name": "id", "type": "sequence", "primary_key": True}]}]


@dataclass(frozen=True)
class Kind:
    """What is typed for it.

    Args:
        word: In *Add job*.
        key: Of the job that is made.
        fields: What is typed into the payload's form, by the name of the field; ``{url}`` and ``{folder}`` are filled in.
        result: What its payload's result says.
    """

    word: str
    key: str
    fields: Mapping[str, str]
    result: str


KINDS = (
    Kind("HTTP call", "task:call", {"url": "{url}/wait/1"}, '"call": 1'),
    Kind("Data generation", "task:make-up", {"datasets": json.dumps(PEOPLE), "records": "25", "seed": "7"}, '"people"'),
    Kind("Log cleanup", "task:erase", {"days": "1", "dry_run": "true"}, '"dry_run": true'),
    Kind("Spark", "spark:count", {"target": "local", "python": '{"text": "print(1)"}'}, '"rows_written"'),
    Kind(
        "Datasource",
        "datasource:flights",
        {
            "source": '{"path": "{folder}/flights.csv"}',
            "destination": '{"duckdb": {"path": "{folder}/out.duckdb", "table": "flights"}}',
        },
        '"output": 2',
    ),
)


@pytest.fixture
def service() -> Iterator[CountingService]:
    with counting_service() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the worker may read and write."""
    made = tmp_path / "files"
    made.mkdir()
    (made / "flights.csv").write_text("day,origin\n2001-01-05,SFO\n2001-01-06,JFK\n")
    return made


@pytest.fixture
def able_worker(
    site: str, environment: dict[str, str], tmp_path: Path, folder: Path, spark_home: Path
) -> Iterator[Worker]:
    """A worker that may read the folder, and runs Spark's applications by what stands in for spark-submit."""
    able = environment | {
        "JOBS_FILE_ROOTS": str(folder),
        "JOBS_SPARK_HOME": str(spark_home),
        "JOBS_SPARK_TARGETS": '{"local": {"master": "local[2]"}}',
        "JOBS_STORED_FILES": str(tmp_path / "stored"),
        "JAVA_HOME": str(spark_home / "java"),
    }
    worker = Worker(name="worker-1", pool="threads", slots=4, log=tmp_path / "worker.log", environment=able)
    try:
        worker.wait_until_ready()
        yield worker
    finally:
        worker.end()


@pytest.fixture
def spark_home(tmp_path: Path) -> Path:
    """Spark, as far as a worker sees it: a spark-submit that ends well (tests/acceptance/test_spark.py has the real one)."""
    home = SubmitStandIn(tmp_path / "spark").home
    (home / "java" / "bin").mkdir(parents=True)
    (home / "java" / "bin" / "java").touch()
    return home


def add(page: Page, kind: Kind, **places: object) -> None:
    """By form."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("link", name="Add job").click()
    page.locator("a.panel", has_text=kind.word).click()
    page.get_by_label("Name", exact=True).fill(kind.key.partition(":")[2])
    for name, template in kind.fields.items():
        value = template
        for place, meant in places.items():
            value = value.replace(f"{{{place}}}", str(meant))
        field = page.locator(f"[name='p0-x-{name}']")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{kind.key} is saved.")).to_be_visible()


@pytest.mark.usefixtures("able_worker")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_it_is_made_by_form_and_watched_to_its_end(
    kind: Kind, as_role: AsRole, workspace: Workspace, service: CountingService, folder: Path
) -> None:
    visit = as_role(Role.EDITOR)
    page = visit.go("/ui/w/acme/")
    add(page, kind, url=service.url, folder=folder)

    page.get_by_role("link", name="Run", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("COMPLETED", timeout=WITHIN)
    expect(page.locator("#run-head")).to_contain_text("1 of 1 payloads")
    visit.assert_calm()

    run = Run.objects.get(job_key=kind.key)
    page.goto(f"{visit.base}/ui/w/acme/runs/{run.pk}/")
    page.locator("#list tbody tr a").first.click()
    expect(page.get_by_role("main")).to_contain_text(kind.result)
    visit.look()


class Wrong(NamedTuple):
    """What is typed into which field of which form, and what is told of it."""

    word: str
    field: str
    value: str
    told: str


WRONG = (
    Wrong("HTTP call", "url", "example.org/without-scheme", "must begin with http://"),
    Wrong("HTTP call", "headers", "[1]", "expected an object"),
    Wrong("Data generation", "records", "-1", "expected at least 1"),
    Wrong("Data generation", "datasets", '[{"name": "people"}]', "fields"),
    Wrong("Log cleanup", "days", "many", "expected a number"),
    Wrong("Log cleanup", "what", '["everything"]', "what"),
    Wrong("Spark", "python", "{}", "text"),
    Wrong("Datasource", "source", "{}", "expected exactly one of path"),
    Wrong("Datasource", "destination", '{"duckdb": {}}', "path"),
)
USUAL = {
    "HTTP call": {"url": "http://127.0.0.1/"},
    "Data generation": {"datasets": json.dumps(PEOPLE)},
    "Log cleanup": {},
    "Spark": {"python": '{"text": "print(1)"}'},
    "Datasource": {"source": '{"path": "a.csv"}', "destination": '{"duckdb": {"path": "a.duckdb", "table": "a"}}'},
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.word}-{wrong.field}")
def test_a_wrong_value_is_told_beside_its_field_and_nothing_typed_is_lost(
    wrong: Wrong, as_role: AsRole, workspace: Workspace
) -> None:
    visit = as_role(Role.EDITOR)
    page = visit.go("/ui/w/acme/jobs/new/")
    page.locator("a.panel", has_text=wrong.word).click()
    page.get_by_label("Name", exact=True).fill("wrong")
    page.get_by_label("Description", exact=True).fill("what was typed")
    for name, typed in {**USUAL[wrong.word], wrong.field: wrong.value}.items():
        page.locator(f"[name='p0-x-{name}']").fill(typed)
    page.get_by_role("button", name="Save", exact=True).click()
    error = page.locator(f".field:has([name='p0-x-{wrong.field}']) .error")
    expect(error).to_contain_text(wrong.told)
    expect(page.locator(f"[name='p0-x-{wrong.field}']")).to_have_value(wrong.value)
    expect(page.get_by_label("Description", exact=True)).to_have_value("what was typed")
    assert not Job.objects.exists()
    visit.expect_complaint("422")
    visit.look()
