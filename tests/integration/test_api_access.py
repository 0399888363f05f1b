"""Who gets in, and what their role allows."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from jobs.models import ApiToken, Role, Workspace
from jobs.services.tokens import create_token
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace

pytestmark = pytest.mark.django_db

PING = {"key": "task:new", "payload": [{"kind": "noop"}]}


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    make_job(workspace)
    return workspace


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        (Role.VIEWER, (200, 403, 403, 403)),
        (Role.OPERATOR, (200, 202, 403, 403)),
        (Role.EDITOR, (200, 202, 201, 409)),
        (Role.OWNER, (200, 202, 201, 409)),
    ],
)
def test_each_role_includes_the_ones_before_it(workspace: Workspace, role: Role, statuses: tuple[int, ...]) -> None:
    api = Api(make_user("mia", workspace=workspace, role=role))
    read = api.get("jobs/task:ping/")
    trigger = api.post("jobs/task:ping/trigger/")
    create = api.post("jobs/", PING)
    delete = api.send("DELETE", "jobs/task:ping/")  # 409: the run that was triggered is active.
    assert tuple(answer.status_code for answer in (read, trigger, create, delete)) == statuses


def test_too_small_a_role_is_told_which_one_it_takes(workspace: Workspace) -> None:
    response = Api(make_user("vera", workspace=workspace, role=Role.VIEWER)).post("jobs/", PING)
    assert response.json()["detail"] == "this takes the role editor in acme; yours is viewer"


def test_a_workspace_one_is_not_in_is_not_there_though_one_owns_another(workspace: Workspace) -> None:
    owner = make_user("otto", workspace=make_workspace("other"), role=Role.OWNER)
    stranger, nobody = Api(owner).get("jobs/"), Api(owner, workspace="nowhere").get("jobs/")
    assert (stranger.status_code, nobody.status_code) == (404, 404)
    assert stranger.json()["detail"] == nobody.json()["detail"].replace("nowhere", "acme")


def test_a_superuser_counts_as_an_owner_everywhere(workspace: Workspace) -> None:
    assert Api(make_user("root", is_superuser=True)).post("jobs/", PING).status_code == 201


class TestToken:
    def get(self, authorization: str | None) -> tuple[int, str]:
        headers = {} if authorization is None else {"Authorization": authorization}
        response = Client().get("/api/v1/workspaces/acme/jobs/", headers=headers)
        return response.status_code, response.headers.get("WWW-Authenticate", "")

    @pytest.mark.parametrize(
        "header",
        [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Bearer \xff\xfe", "Basic YTpi", "Bearer " + "x" * 5000],
    )
    def test_without_a_good_one_the_answer_is_401_and_says_what_to_send(
        self, workspace: Workspace, header: str | None
    ) -> None:
        assert self.get(header) == (401, 'Bearer realm="jobs"')

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
    def test_a_good_one_opens(self, workspace: Workspace, scheme: str) -> None:
        user = make_user("vera", workspace=workspace, role=Role.VIEWER)
        _, token = create_token(user=user, name="test", now=NOW)
        assert self.get(f"{scheme} {token}")[0] == 200

    def test_an_expired_one_does_not(self, workspace: Workspace) -> None:
        user = make_user("vera", workspace=workspace, role=Role.VIEWER)
        made, token = create_token(user=user, name="test", expires_at=NOW + dt.timedelta(days=1), now=NOW)
        ApiToken.objects.filter(pk=made.pk).update(expires_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        assert self.get(f"Bearer {token}")[0] == 401

    def test_an_inactive_users_does_not(self, workspace: Workspace) -> None:
        user = make_user("vera", workspace=workspace, role=Role.VIEWER, is_active=False)
        _, token = create_token(user=user, name="test", now=NOW)
        assert self.get(f"Bearer {token}")[0] == 401

    def test_only_a_digest_is_stored(self, workspace: Workspace) -> None:
        made, token = create_token(user=make_user("vera"), name="test", now=NOW)
        assert token not in str(ApiToken.objects.filter(pk=made.pk).values().get())


class TestSession:
    @pytest.fixture
    def client(self, workspace: Workspace) -> Client:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user("eve", workspace=workspace, role=Role.EDITOR))
        return client

    def test_somebody_who_is_logged_in_may_read(self, client: Client) -> None:
        assert client.get("/api/v1/workspaces/acme/jobs/").status_code == 200

    def test_a_write_without_a_csrf_token_is_refused(self, client: Client) -> None:
        response = client.post("/api/v1/workspaces/acme/jobs/", PING, content_type="application/json")
        assert response.status_code == 403
        assert "CSRF" in response.json()["detail"]

    def test_a_write_with_one_goes_through(self, client: Client) -> None:
        client.cookies["csrftoken"] = token = "a" * 32
        response = client.post(
            "/api/v1/workspaces/acme/jobs/", PING, content_type="application/json", headers={"X-CSRFToken": token}
        )
        assert response.status_code == 201
