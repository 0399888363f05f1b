"""Who may watch, and what becomes of a stream whose caller may not any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from jobs.models import ApiToken, Job, Membership, Role, Workspace
from jobs.services.tokens import create_token
from tests.integration.live.given import write
from tests.integration.people import NOW, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_run
from tests.live_server import LiveServer

LIVE = "/api/v1/workspaces/acme/live/"


@pytest.fixture
def vera(workspace: Workspace) -> User:
    return make_user("vera", workspace=workspace, role=Role.VIEWER)


def token_of(user: User) -> str:
    return create_token(user=user, name="test", now=NOW)[1]


def cookie_of(user: User) -> str:
    return f"sessionid={signed_in(user).cookies['sessionid'].value}"


def test_a_viewer_is_let_in_by_token_and_by_session(server: LiveServer, vera: User, job: Job) -> None:
    for headers in ({"Authorization": f"Bearer {token_of(vera)}"}, {"Cookie": cookie_of(vera)}):
        stream = server.open(LIVE, Last_Event_ID=str(write(job) - 1), **headers)
        assert [event.data["kind"] for event in stream.events(1)] == ["job.updated"]


@pytest.mark.parametrize(
    "path", ["live/", "events/", "jobs/task:ping/live/", "jobs/task:ping/events/", "runs/{run}/live/"]
)
def test_nobody_without_credentials_and_nobody_from_another_workspace(server: LiveServer, job: Job, path: str) -> None:
    address = "/api/v1/workspaces/acme/" + path.format(run=make_run(job).pk)
    stranger = make_user("otto", workspace=make_workspace("other"), role=Role.OWNER)
    assert server.open(address).status == 401
    assert server.open(address, token="jobs_of-nobody").status == 401
    assert server.open(address, token=token_of(stranger)).status == 404


def test_a_run_or_a_job_of_another_workspace_is_not_there(server: LiveServer, vera: User, job: Job) -> None:
    make_workspace("other")
    stranger = make_user("otto", workspace=Workspace.objects.get(slug="other"), role=Role.OWNER)
    for path in (f"runs/{make_run(job).pk}/live/", "jobs/task:ping/live/"):
        assert server.open(f"/api/v1/workspaces/other/{path}", token=token_of(stranger)).status == 404


def revoke(user: User) -> None:
    ApiToken.objects.filter(user=user).delete()


def leave(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("lose", [revoke, leave, deactivate])
def test_who_loses_a_token_a_membership_or_the_account_is_cut_off(
    server: LiveServer, vera: User, job: Job, lose: Callable[[User], None]
) -> None:
    token = token_of(vera)
    stream = server.open(LIVE, token=token, Last_Event_ID=str(write(job) - 1))
    stream.events(1)
    lose(vera)
    assert [event.name for event in stream.rest()] == ["closed"]
    assert server.open(LIVE, token=token).status in (401, 404)


def test_who_logs_out_is_cut_off_and_others_are_not(server: LiveServer, vera: User, job: Job) -> None:
    mine = server.open(LIVE, Cookie=cookie_of(vera), Last_Event_ID=str(write(job) - 1))
    other = server.open(LIVE, token=token_of(vera), Last_Event_ID=str(write(job) - 1))
    mine.events(2)
    other.events(1)
    Session.objects.all().delete()
    assert [event.name for event in mine.rest()] == ["closed"]
    write(job, "job.after")
    assert [event.data["kind"] for event in other.events(1)] == ["job.after"]
