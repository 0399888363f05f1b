"""Who may hold, end and repeat through the API, and what notes are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jobs import dispatch, hotpath
from jobs.models import Job, Role, Workspace
from jobs.states import JobState, RunState
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was published."""
    messages: list[Any] = []
    monkeypatch.setattr(dispatch, "publish", messages.extend)
    yield messages
    hotpath.close()


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OPERATOR))


@pytest.fixture
def editor(workspace: Workspace) -> Api:
    return Api(make_user("eve", workspace=workspace, role=Role.EDITOR))


def fields(response: Any) -> list[str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.json()
    return [error["field"] for error in response.json()["errors"]]


ON_RUN, ON_JOB = ("pause", "resume", "terminate", "rerun", "replay"), ("pause", "resume", "transition")


class TestWhoMay:
    @pytest.mark.parametrize("verb", ON_RUN)
    def test_a_viewer_may_do_nothing_to_a_run(self, workspace: Workspace, job: Job, verb: str) -> None:
        run = make_run(job, "q")
        response = Api(make_user("vera", workspace=workspace, role=Role.VIEWER)).post(f"runs/{run.pk}/{verb}/")
        assert (response.status_code, "takes the role operator" in response.json()["detail"]) == (403, True)
        run.refresh_from_db()
        assert run.state == RunState.RUNNING

    @pytest.mark.parametrize(
        ("verb", "role"), [("pause", "operator"), ("resume", "operator"), ("transition", "editor")]
    )
    def test_a_job_takes_an_operator_and_another_state_an_editor(
        self, workspace: Workspace, job: Job, verb: str, role: str
    ) -> None:
        smaller = Role.VIEWER if role == "operator" else Role.OPERATOR
        api = Api(make_user("mia", workspace=workspace, role=smaller))
        response = api.post(f"jobs/task:ping/{verb}/", {"target": "archived"})
        assert (response.status_code, f"takes the role {role}" in response.json()["detail"]) == (403, True)
        assert Job.objects.get().state == JobState.ACTIVE

    def test_what_belongs_to_another_workspace_is_not_there(self, editor: Api) -> None:
        theirs = make_job(make_workspace("other"), "task:theirs")
        run = make_run(theirs, "q")
        for verb in ON_RUN:
            assert editor.post(f"runs/{run.pk}/{verb}/").status_code == 404
        for verb in ON_JOB:
            assert (
                editor.post(
                    f"jobs/task:theirs/{verb}/", {"target": "paused"} if verb == "transition" else {}
                ).status_code
                == 404
            )
        run.refresh_from_db()
        theirs.refresh_from_db()
        assert (run.state, theirs.state) == (RunState.RUNNING, JobState.ACTIVE)


@pytest.mark.parametrize("path", ["jobs/task:ping/pause/", "jobs/task:ping/resume/", "RUN/pause/", "RUN/terminate/"])
@pytest.mark.parametrize(
    ("body", "field"), [({"note": 1}, "note"), ({"notes": ""}, "notes"), ({"note": "\x00"}, "note")]
)
def test_unfit_notes_are_refused_by_field(api: Api, job: Job, path: str, body: object, field: str) -> None:
    run = make_run(job, "q")
    assert fields(api.post(path.replace("RUN", f"runs/{run.pk}"), body)) == [field]
    run.refresh_from_db()
    assert (run.state, Job.objects.get().state) == (RunState.RUNNING, JobState.ACTIVE)
