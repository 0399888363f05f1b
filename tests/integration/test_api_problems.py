"""Each kind of problem has a type of its own, which leads to what it means; the reference says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Role, Workspace
from jobsproject.problems import KINDS
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "problems.md"


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def api(workspace: Workspace, job: Job) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


def kind(response: Any) -> str:
    """The word of the problem's type."""
    word: str = response.json()["type"].removeprefix("/problems/").removesuffix("/")
    assert KINDS[word].status == response.status_code
    return word


def test_conflicts_are_told_apart(api: Api, job: Job) -> None:
    make_run(job, "q")
    document = {"key": job.key, "payload": [{"kind": "noop"}]}
    assert kind(api.send("DELETE", "jobs/task:ping/")) == "conflict"
    assert kind(api.send("PUT", "jobs/task:ping/", document | {"version": 7})) == "out-of-date"
    assert kind(api.send("PUT", "jobs/task:ping/", document, If_Match='"7"')) == "precondition-failed"
    stale = {"target": "archived", "expected_updated_at": NOW.isoformat()}
    assert kind(api.post("jobs/task:ping/transition/", stale)) == "out-of-date"


def test_the_others_have_words_of_their_own(api: Api, workspace: Workspace) -> None:
    viewer = Api(make_user("vera", workspace=workspace, role=Role.VIEWER))
    assert kind(api.post("jobs/", {})) == "invalid-input"
    assert kind(Api(None).get("jobs/")) == "not-authenticated"
    assert kind(viewer.post("jobs/", {})) == "forbidden"
    assert kind(api.get("jobs/task:pong/")) == "not-found"
    assert kind(api.send("PATCH", "jobs/")) == "method-not-allowed"


def test_its_type_leads_to_what_it_means(api: Api) -> None:
    response = Client().get(api.get("jobs/task:pong/").json()["type"])
    assert response.status_code == 200
    assert KINDS["not-found"].meaning in response.content.decode()
    assert Client().get("/problems/nonsense/").status_code == 404


def test_a_setting_says_where_such_pages_are(api: Api, settings: Any) -> None:
    settings.JOBS_PROBLEM_BASE = "https://docs.example.org/jobs/problems"
    told = api.get("jobs/task:pong/").json()
    assert told["type"] == "https://docs.example.org/jobs/problems/not-found/"


def test_the_reference_says_the_same_of_each() -> None:
    sections = dict(section.split("\n\n", 1) for section in REFERENCE.read_text(encoding="utf-8").split("\n## ")[1:])
    told = {word: f"{kind.status}: {kind.title}.\n\n{kind.meaning}\n\n{kind.remedy}" for word, kind in KINDS.items()}
    assert {word: text.strip() for word, text in sections.items()} == told
