"""Workspaces, members, secrets and tokens in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings

from jobs.models import ApiToken, Membership, Role, Secret, Workspace
from jobs.services.secrets import read_secret, set_secret
from jobs.services.tokens import find_token
from tests.integration.people import NOW, make_user, make_workspace

pytestmark = pytest.mark.django_db

KEY = "ZmRmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZGY="


@pytest.fixture(autouse=True)
def secret_key() -> Any:
    with override_settings(JOBS_SECRET_KEYS=[KEY]):
        yield


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def staff(workspace: Workspace, role: Role, **flags: bool) -> Client:
    client = Client()
    client.force_login(make_user(f"the-{role.value}", workspace=workspace, role=role, is_staff=True, **flags))
    return client


class TestSecrets:
    def test_an_owner_sets_a_secret_and_it_is_never_shown(self, workspace: Workspace) -> None:
        owner = staff(workspace, Role.OWNER)
        typed = {"workspace": workspace.pk, "name": "api-key", "value": " hush hush "}
        assert owner.post("/admin/jobs/secret/add/", typed).status_code == 302
        assert read_secret(workspace_id=workspace.pk, name="api-key") == " hush hush "
        secret = Secret.objects.get()
        assert b"hush" not in bytes(secret.ciphertext)
        for address in ("/admin/jobs/secret/", f"/admin/jobs/secret/{secret.pk}/change/"):
            assert "hush" not in owner.get(address).content.decode()

    def test_its_value_is_replaced_and_its_name_is_not(self, workspace: Workspace) -> None:
        secret = set_secret(workspace=workspace, name="api-key", value="old")
        owner = staff(workspace, Role.OWNER)
        owner.post(f"/admin/jobs/secret/{secret.pk}/change/", {"name": "other", "value": "new"})
        assert read_secret(workspace_id=workspace.pk, name="api-key") == "new"
        assert Secret.objects.count() == 1

    def test_a_refused_value_is_not_sent_back_in_the_page(self, workspace: Workspace) -> None:
        typed = {"workspace": workspace.pk, "name": "0 bad", "value": "hush"}
        page = staff(workspace, Role.OWNER).post("/admin/jobs/secret/add/", typed)
        assert "expected a letter" in page.context["adminform"].form.errors["name"][0]
        assert "hush" not in page.content.decode()

    def test_a_deployment_without_a_key_says_so_on_the_form(self, workspace: Workspace) -> None:
        typed = {"workspace": workspace.pk, "name": "api-key", "value": "hush"}
        with override_settings(JOBS_SECRET_KEYS=[]):
            page = staff(workspace, Role.OWNER).post("/admin/jobs/secret/add/", typed)
        assert "JOBS_SECRET_KEYS is not set" in page.context["adminform"].form.errors["value"][0]

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_nobody_below_an_owner_gets_there(self, workspace: Workspace, role: Role) -> None:
        secret = set_secret(workspace=workspace, name="api-key", value="old")
        client = staff(workspace, role)
        assert client.get("/admin/jobs/secret/").status_code == 403
        client.post(f"/admin/jobs/secret/{secret.pk}/change/", {"value": "new"})
        assert read_secret(workspace_id=workspace.pk, name="api-key") == "old"

    def test_owning_one_workspace_opens_no_other(self, workspace: Workspace) -> None:
        secret = set_secret(workspace=make_workspace("other"), name="theirs", value="old")
        owner = staff(workspace, Role.OWNER)
        assert "theirs" not in owner.get("/admin/jobs/secret/").content.decode()
        assert owner.get(f"/admin/jobs/secret/{secret.pk}/change/").status_code == 302


class TestTokens:
    def test_they_are_called_what_they_are(self, workspace: Workspace) -> None:
        overview = staff(workspace, Role.VIEWER).get("/admin/").content.decode()
        assert "API tokens" in overview
        assert "Api tokens" not in overview

    def test_a_new_token_is_shown_once_and_works(self, workspace: Workspace) -> None:
        client = staff(workspace, Role.VIEWER)
        page = client.post("/admin/jobs/apitoken/add/", {"name": "laptop", "scopes": ["jobs:read"]})
        token = page.context["token"]
        found = find_token(token=token, now=NOW)
        assert found is not None
        assert found.user.username == "the-viewer"
        assert "no-store" in page.headers["Cache-Control"]
        assert token not in client.get("/admin/jobs/apitoken/").content.decode()
        assert token not in str(client.cookies) + str(dict(client.session))

    def test_one_sees_and_revokes_ones_own_alone(self, workspace: Workspace) -> None:
        other = ApiToken.objects.create(user=make_user("other"), name="theirs", digest="x" * 64)
        client = staff(workspace, Role.OWNER)
        client.post("/admin/jobs/apitoken/add/", {"name": "mine", "scopes": ["admin"]})
        assert "theirs" not in client.get("/admin/jobs/apitoken/").content.decode()
        client.post(f"/admin/jobs/apitoken/{other.pk}/delete/", {"post": "yes"})
        mine = ApiToken.objects.get(name="mine")
        client.post(f"/admin/jobs/apitoken/{mine.pk}/delete/", {"post": "yes"})
        assert [token.name for token in ApiToken.objects.all()] == ["theirs"]

    def test_only_a_superuser_makes_one_for_somebody_else(self, workspace: Workspace) -> None:
        other = make_user("other")
        staff(workspace, Role.OWNER).post(
            "/admin/jobs/apitoken/add/", {"name": "a", "scopes": ["admin"], "user": other.pk}
        )
        staff(workspace, Role.EDITOR, is_superuser=True).post(
            "/admin/jobs/apitoken/add/", {"name": "b", "scopes": ["admin"], "user": other.pk}
        )
        assert list(ApiToken.objects.order_by("name").values_list("name", "user__username")) == [
            ("a", "the-owner"),
            ("b", "other"),
        ]

    def test_a_token_opens_what_was_ticked_and_one_must_be(self, workspace: Workspace) -> None:
        client = staff(workspace, Role.VIEWER)
        typed = {"name": "ci", "scopes": ["jobs:read", "jobs:run"], "workspace": workspace.pk}
        assert client.post("/admin/jobs/apitoken/add/", typed).status_code == 200
        made = ApiToken.objects.get()
        assert (made.scopes, made.workspace, made.created_by) == (["jobs:read", "jobs:run"], workspace, "the-viewer")
        page = client.post("/admin/jobs/apitoken/add/", {"name": "none"})
        assert "scopes" in page.context["adminform"].form.errors
        assert ApiToken.objects.count() == 1

    def test_a_workspace_that_its_user_is_not_in_is_not_offered(self, workspace: Workspace) -> None:
        other = make_workspace("other")
        typed = {"name": "ci", "scopes": ["admin"], "workspace": other.pk}
        page = staff(workspace, Role.OWNER).post("/admin/jobs/apitoken/add/", typed)
        assert "workspace" in page.context["adminform"].form.errors
        root = staff(workspace, Role.VIEWER, is_superuser=True)
        stranger = make_user("stranger")
        page = root.post("/admin/jobs/apitoken/add/", typed | {"user": stranger.pk})
        assert "not a member" in page.context["adminform"].form.errors["workspace"][0]
        assert not ApiToken.objects.exists()

    def test_an_expiry_that_has_passed_is_refused(self, workspace: Workspace) -> None:
        typed = {"name": "late", "scopes": ["admin"], "expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}
        page = staff(workspace, Role.VIEWER).post("/admin/jobs/apitoken/add/", typed)
        assert "expires_at" in page.context["adminform"].form.errors


class TestWorkspaces:
    def members(self, workspace: Workspace, *rows: tuple[str, str]) -> dict[str, Any]:
        """The form's data for the members that exist, by id, followed by new ones."""
        present = list(Membership.objects.filter(workspace=workspace).select_related("user").order_by("pk"))
        prefix = "memberships"
        data: dict[str, Any] = {
            f"{prefix}-TOTAL_FORMS": len(present) + len(rows),
            f"{prefix}-INITIAL_FORMS": len(present),
        }
        for number, member in enumerate(present):
            data |= {f"{prefix}-{number}-id": member.pk, f"{prefix}-{number}-username": member.user.username}
            data |= {f"{prefix}-{number}-role": member.role, f"{prefix}-{number}-workspace": workspace.pk}
        for number, (username, role) in enumerate(rows, start=len(present)):
            data |= {f"{prefix}-{number}-username": username, f"{prefix}-{number}-role": role}
        return data

    def test_an_owner_adds_a_member_by_name(self, workspace: Workspace) -> None:
        owner = staff(workspace, Role.OWNER)
        make_user("nina")
        data = self.members(workspace, ("nina", "operator")) | {"name": "Acme"}
        assert owner.post(f"/admin/jobs/workspace/{workspace.pk}/change/", data).status_code == 302
        assert Membership.objects.get(user__username="nina").role == "operator"

    @pytest.mark.parametrize(("name", "words"), [("nobody", "there is no active user"), ("the-owner", "named twice")])
    def test_a_member_who_is_none_or_is_one_already_is_told_on_the_row(
        self, workspace: Workspace, name: str, words: str
    ) -> None:
        owner = staff(workspace, Role.OWNER)
        data = self.members(workspace, (name, "viewer")) | {"name": "Acme"}
        page = owner.post(f"/admin/jobs/workspace/{workspace.pk}/change/", data)
        assert page.status_code == 200
        assert words in page.content.decode()
        assert Membership.objects.count() == 1

    def test_an_editor_cannot_raise_themself(self, workspace: Workspace) -> None:
        editor = staff(workspace, Role.EDITOR)
        data = self.members(workspace) | {"name": "Acme", "memberships-0-role": "owner"}
        editor.post(f"/admin/jobs/workspace/{workspace.pk}/change/", data)
        assert Membership.objects.get().role == "editor"

    def test_only_a_superuser_makes_one(self, workspace: Workspace) -> None:
        data = {"slug": "new", "name": "New", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
        assert staff(workspace, Role.OWNER).post("/admin/jobs/workspace/add/", data).status_code == 403
        root = staff(workspace, Role.VIEWER, is_superuser=True)
        page = root.post("/admin/jobs/workspace/add/", data | {"slug": "_no_"})
        assert "small letters" in page.context["adminform"].form.errors["slug"][0]
        assert root.post("/admin/jobs/workspace/add/", data).status_code == 302
        assert Workspace.objects.filter(slug="new").exists()

    def test_nobody_deletes_one(self, workspace: Workspace) -> None:
        root = staff(workspace, Role.OWNER, is_superuser=True)
        assert root.post(f"/admin/jobs/workspace/{workspace.pk}/delete/", {"post": "yes"}).status_code == 403
        assert Workspace.objects.exists()
