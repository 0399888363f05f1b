"""Workspaces, members, tokens, secrets and service accounts through the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, override_settings

from jobs.errors import ConflictError, ValidationError
from jobs.models import ApiToken, Event, Membership, Role, Scope, Secret, Workspace
from jobs.services.members import remove_member, set_member
from jobs.services.secrets import read_secret, set_secret
from jobs.services.tokens import create_token
from tests.integration.people import NOW, Api, make_job, make_user, make_workspace, signed_in

pytestmark = pytest.mark.django_db

KEY = "ZmRmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZHNmZGY="


@pytest.fixture(autouse=True)
def secret_key() -> Iterator[None]:
    with override_settings(JOBS_SECRET_KEYS=[KEY]):
        yield


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def owner(workspace: Workspace) -> Api:
    return Api(make_user("olga", workspace=workspace, role=Role.OWNER))


def account(api: Api, path: str = "", method: str = "GET", body: object = None) -> Any:
    """A call outside any workspace."""
    api.base, base = "/api/v1/", api.base
    try:
        return api.send(method, path, body)
    finally:
        api.base = base


def fields(response: Any) -> list[str]:
    assert response.status_code == 400, response.content
    return [error["field"] for error in response.json()["errors"]]


def kinds(prefix: str) -> list[tuple[str, str, dict[str, Any]]]:
    found = Event.objects.filter(kind__startswith=prefix).order_by("id")
    return [(event.kind, event.actor, event.data) for event in found]


class TestWorkspaces:
    def test_ones_own_are_listed_with_ones_role_in_each_and_no_others(self, workspace: Workspace, owner: Api) -> None:
        user = User.objects.get(username="olga")
        Membership.objects.create(workspace=make_workspace("beta"), user=user, role=Role.VIEWER)
        make_workspace("secret-plans")
        listed = account(owner, "workspaces/").json()["results"]
        assert [(each["slug"], each["role"]) for each in listed] == [("acme", "owner"), ("beta", "viewer")]

    def test_a_superuser_sees_all_and_a_bound_token_one(self, workspace: Workspace) -> None:
        make_workspace("beta")
        root = make_user("root", is_superuser=True)
        assert len(account(Api(root), "workspaces/").json()["results"]) == 2
        bound = account(Api(root, bound=workspace), "workspaces/").json()["results"]
        assert [each["slug"] for each in bound] == ["acme"]

    def test_they_come_in_pages(self, owner: Api) -> None:
        for slug in ("beta", "gamma"):
            Membership.objects.create(
                workspace=make_workspace(slug), user=User.objects.get(username="olga"), role=Role.VIEWER
            )
        first = account(owner, "workspaces/?limit=2").json()
        second = owner.client.get(first["next"], headers=owner.headers).json()
        assert [each["slug"] for each in first["results"] + second["results"]] == ["acme", "beta", "gamma"]
        assert second["next"] is None

    def test_a_superuser_makes_one_and_owns_it(self) -> None:
        root = Api(make_user("root", is_superuser=True))
        made = account(root, "workspaces/", "POST", {"slug": "new", "name": "New"})
        assert (made.status_code, made.json()["role"]) == (201, "owner")
        assert made.headers["Location"].endswith("/api/v1/workspaces/new/")
        assert Membership.objects.get(workspace__slug="new").user.username == "root"
        assert account(root, "workspaces/", "POST", {"slug": "new"}).status_code == 409
        assert fields(account(root, "workspaces/", "POST", {"slug": "No!"})) == ["slug"]
        assert [kind for kind, _, _ in kinds("workspace.")] == ["workspace.created"]

    def test_nobody_else_does(self, workspace: Workspace, owner: Api) -> None:
        bound = Api(make_user("root", is_superuser=True), bound=workspace)
        for api in (owner, bound):
            assert account(api, "workspaces/", "POST", {"slug": "new"}).status_code == 403
        assert Workspace.objects.count() == 1

    def test_an_owner_renames_it_and_its_slug_stays(self, workspace: Workspace, owner: Api) -> None:
        assert owner.send("PUT", "", {"name": "Acme & Sons"}).json()["name"] == "Acme & Sons"
        assert fields(owner.send("PUT", "", {"name": "x", "slug": "y"})) == ["slug"]
        workspace.refresh_from_db()
        assert (workspace.slug, workspace.name) == ("acme", "Acme & Sons")
        assert kinds("workspace.") == [("workspace.renamed", "olga", {"name": "Acme & Sons", "former": "Acme"})]


class TestMembers:
    def test_an_owner_lets_in_changes_and_puts_out(self, workspace: Workspace, owner: Api) -> None:
        make_user("nina")
        made = owner.post("members/", {"username": "nina", "role": "viewer"})
        assert (made.status_code, made.json()) == (201, {"username": "nina", "role": "viewer", "active": True})
        assert owner.client.get(made.headers["Location"], headers=owner.headers).json() == made.json()
        assert owner.send("PUT", "members/nina/", {"role": "editor"}).json()["role"] == "editor"
        assert [each["username"] for each in owner.get("members/").json()["results"]] == ["nina", "olga"]
        assert owner.send("DELETE", "members/nina/").status_code == 204
        assert owner.get("members/nina/").status_code == 404
        assert kinds("member.") == [
            ("member.added", "olga", {"user": "nina", "role": "viewer"}),
            ("member.changed", "olga", {"user": "nina", "role": "editor", "former": "viewer"}),
            ("member.removed", "olga", {"user": "nina", "former": "editor"}),
        ]

    def test_one_who_is_in_or_is_nobody_is_not_let_in(self, owner: Api) -> None:
        make_user("gone", is_active=False)
        assert owner.post("members/", {"username": "olga", "role": "viewer"}).status_code == 409
        for name in ("nobody", "gone", "a\x00b"):
            assert fields(owner.post("members/", {"username": name, "role": "viewer"})) == ["username"]
        assert Membership.objects.get().role == "owner"

    def test_a_role_that_is_none_is_refused(self, owner: Api) -> None:
        make_user("nina")
        assert fields(owner.post("members/", {"username": "nina", "role": "king"})) == ["role"]

    def test_the_last_owner_can_neither_go_nor_step_down(self, workspace: Workspace, owner: Api) -> None:
        Membership.objects.create(
            workspace=workspace, user=make_user("gone", is_active=False), role=Role.OWNER
        )  # who cannot log in lets nobody in
        owner.post("service-accounts/", {"name": "ci", "role": "owner"})  # neither does a program
        for answer in (
            owner.send("DELETE", "members/olga/"),
            owner.send("PUT", "members/olga/", {"role": "editor"}),
        ):
            assert (answer.status_code, "last owner of acme" in answer.json()["detail"]) == (409, True)
        assert Membership.objects.get(user__username="olga").role == "owner"
        assert not Event.objects.filter(kind__in=("member.removed", "member.changed")).exists()

    def test_with_another_owner_they_can(self, workspace: Workspace, owner: Api) -> None:
        make_user("otto", workspace=workspace, role=Role.OWNER)
        assert owner.send("DELETE", "members/olga/").status_code == 204
        assert owner.get("members/").status_code == 404

    def test_the_admins_form_keeps_an_owner_too(self, workspace: Workspace) -> None:
        browser = signed_in(make_user("olga", workspace=workspace, role=Role.OWNER, is_staff=True))
        member = Membership.objects.get()
        data = {
            "name": "Acme",
            "memberships-TOTAL_FORMS": 1,
            "memberships-INITIAL_FORMS": 1,
            "memberships-0-id": member.pk,
            "memberships-0-workspace": workspace.pk,
            "memberships-0-username": "olga",
            "memberships-0-role": "owner",
        }
        for change in ({"memberships-0-role": "viewer"}, {"memberships-0-DELETE": "on"}):
            page = browser.post(f"/admin/jobs/workspace/{workspace.pk}/change/", data | change)
            assert "must stay an owner" in page.content.decode()
        make_user("otto")
        handed = {"memberships-TOTAL_FORMS": 2, "memberships-0-role": "viewer"} | {
            "memberships-1-username": "otto",
            "memberships-1-role": "owner",
        }
        assert browser.post(f"/admin/jobs/workspace/{workspace.pk}/change/", data | handed).status_code == 302
        roles = dict(Membership.objects.values_list("user__username", "role"))
        assert roles == {"olga": "viewer", "otto": "owner"}
        assert [(kind, actor) for kind, actor, _ in kinds("member.")] == [
            ("member.added", "olga"),
            ("member.changed", "olga"),
        ]


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_put_each_other_out_leave_one() -> None:
    workspace = make_workspace()
    people = [make_user(name, workspace=workspace, role=Role.OWNER) for name in ("ann", "bob")]

    def put_out(user: User) -> bool:
        try:
            remove_member(workspace=workspace, user=user, actor="test")
        except ConflictError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as hands:
        assert sorted(hands.map(put_out, people)) == [False, True]
    assert Membership.objects.filter(workspace=workspace).count() == 1


class TestServiceAccounts:
    def test_it_calls_with_its_token_and_its_role(self, workspace: Workspace, owner: Api) -> None:
        make_job(workspace)
        made = owner.post("service-accounts/", {"name": "ci", "role": "operator", "description": "The pipeline"})
        assert made.status_code == 201
        answer = made.json()
        assert answer.pop("created_at")
        assert answer == {
            "name": "ci",
            "username": "ci@acme.service",
            "role": "operator",
            "description": "The pipeline",
            "created_by": "olga",
        }
        token = owner.post("tokens/", {"name": "t", "scopes": ["jobs:run"], "service_account": "ci"}).json()
        assert (token["username"], token["workspace"]) == ("ci@acme.service", "acme")
        program = Api(None)
        program.headers = {"Authorization": f"Bearer {token['token']}"}
        run = program.post("jobs/task:ping/trigger/")
        assert (run.status_code, run.json()["actor"]) == (202, "ci@acme.service")
        owner.send("PATCH", "service-accounts/ci/", {"role": "viewer"})
        assert program.post("jobs/task:ping/trigger/").status_code == 403
        assert owner.send("DELETE", "service-accounts/ci/").status_code == 204
        assert program.post("jobs/task:ping/trigger/").status_code == 401

    def test_nobody_logs_in_as_one_whatever_password_it_was_given(self, workspace: Workspace, owner: Api) -> None:
        owner.post("service-accounts/", {"name": "ci", "role": "owner"})
        user = User.objects.get(username="ci@acme.service")
        assert not user.has_usable_password()
        user.is_staff = True
        user.set_password("a-long-password-7")
        user.save()
        typed = {"username": "ci@acme.service", "password": "a-long-password-7"}
        browser = Client()
        browser.post("/admin/login/", typed)
        assert browser.get("/admin/").status_code == 302

    def test_it_is_let_into_no_other_workspace(self, workspace: Workspace, owner: Api) -> None:
        owner.post("service-accounts/", {"name": "ci", "role": "viewer"})
        other = Api(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER), workspace="other")
        theirs = other.post("members/", {"username": "ci@acme.service", "role": "viewer"})
        nobody = other.post("members/", {"username": "xx@acme.service", "role": "viewer"})
        assert theirs.json()["errors"][0]["message"].replace("ci@", "xx@") == nobody.json()["errors"][0]["message"]
        with pytest.raises(Exception, match="there is no active user"):
            set_member(
                workspace=Workspace.objects.get(slug="other"),
                user=User.objects.get(username="ci@acme.service"),
                role=Role.VIEWER,
                actor="test",
            )

    def test_it_is_no_member_among_people(self, owner: Api) -> None:
        owner.post("service-accounts/", {"name": "ci", "role": "viewer"})
        assert [each["username"] for each in owner.get("members/").json()["results"]] == ["olga"]
        assert owner.send("DELETE", "members/ci@acme.service/").status_code == 404
        assert [each["name"] for each in owner.get("service-accounts/").json()["results"]] == ["ci"]

    def test_a_name_is_taken_once_and_has_a_form(self, owner: Api) -> None:
        assert owner.post("service-accounts/", {"name": "ci", "role": "viewer"}).status_code == 201
        assert owner.post("service-accounts/", {"name": "ci", "role": "viewer"}).status_code == 409
        assert fields(owner.post("service-accounts/", {"name": "C I", "role": "viewer"})) == ["name"]
        assert fields(owner.post("service-accounts/", {"name": "d"})) == ["role"]

    def test_it_is_made_and_changed_in_the_admin(self, workspace: Workspace) -> None:
        browser = signed_in(make_user("olga", workspace=workspace, role=Role.OWNER, is_staff=True))
        typed = {"workspace": workspace.pk, "name": "ci", "role": "operator", "description": ""}
        assert browser.post("/admin/jobs/serviceaccount/add/", typed).status_code == 302
        user = User.objects.get(username="ci@acme.service")
        assert Membership.objects.get(user=user).role == "operator"
        page = browser.post("/admin/jobs/serviceaccount/add/", typed)
        assert "already" in page.context["adminform"].form.errors["name"][0]
        changed = browser.post(
            f"/admin/jobs/serviceaccount/{user.pk}/change/", {"role": "viewer", "description": "The pipeline"}
        )
        assert changed.status_code == 302
        assert Membership.objects.get(user=user).role == "viewer"
        assert browser.post(f"/admin/jobs/serviceaccount/{user.pk}/delete/", {"post": "yes"}).status_code == 302
        assert not User.objects.filter(username="ci@acme.service").exists()


class TestATokenThatMakesAnother:
    ENDS = dt.datetime(2099, 6, 1, tzinfo=dt.UTC)

    @pytest.fixture
    def short(self, workspace: Workspace) -> Api:
        """An owner's, with a token that ends."""
        api = Api(make_user("olga", workspace=workspace, role=Role.OWNER))
        ApiToken.objects.update(expires_at=self.ENDS)
        return api

    @pytest.mark.parametrize("own", [True, False])
    def test_is_not_outlived(self, short: Api, own: bool) -> None:
        def make(**more: object) -> Any:
            body = {"name": "ci", "scopes": ["jobs:read"], **more}
            return account(short, "tokens/", "POST", body) if own else short.post("tokens/", body)

        later = (self.ENDS + dt.timedelta(seconds=1)).isoformat()
        assert fields(make(expires_at=later)) == ["expires_at"]
        assert ApiToken.objects.count() == 1
        silent, sooner = make(), make(expires_at="2099-01-01T00:00:00Z")
        assert dt.datetime.fromisoformat(silent.json()["expires_at"]) == self.ENDS
        assert sooner.json()["expires_at"].startswith("2099-01-01")

    def test_gives_no_scope_that_it_has_not(self, workspace: Workspace) -> None:
        user = make_user("olga", workspace=workspace, role=Role.OWNER)
        maker, _ = create_token(user=user, name="small", scopes=["jobs:read", "jobs:run"], now=NOW)
        create_token(user=user, name="smaller", scopes=["jobs:run"], made_with=maker, now=NOW)
        for scope in (Scope.WRITE, Scope.ADMIN):
            with pytest.raises(ValidationError, match=f"has no {scope.value} itself"):
                create_token(user=user, name="larger", scopes=["jobs:run", scope], made_with=maker, now=NOW)
        assert ApiToken.objects.count() == 2


class TestTokens:
    def test_a_token_is_shown_once_and_opens(self, workspace: Workspace, owner: Api) -> None:
        made = account(owner, "tokens/", "POST", {"name": "laptop", "scopes": ["jobs:read"]})
        token = made.json()["token"]
        assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
        reader = Api(None)
        reader.headers = {"Authorization": f"Bearer {token}"}
        assert (reader.get("jobs/").status_code, reader.get("secrets/").status_code) == (200, 403)
        listed = account(owner, "tokens/")
        assert token not in listed.content.decode()
        shown = listed.json()["results"][0]
        assert made.json()["last_used_at"] is None
        assert {**made.json(), "last_used_at": shown["last_used_at"]} == {**shown, "token": token}
        assert shown["last_used_at"] is not None
        assert owner.client.get(made.headers["Location"], headers=owner.headers).json() == shown
        assert account(owner, f"tokens/{shown['id']}/", "DELETE").status_code == 204
        assert reader.get("jobs/").status_code == 401

    def test_a_reader_makes_no_token_that_may_more(self, workspace: Workspace) -> None:
        reader = Api(make_user("olga", workspace=workspace, role=Role.OWNER), scopes=[Scope.READ, Scope.WRITE])
        body = {"name": "more", "scopes": ["admin"]}
        assert account(reader, "tokens/", "POST", body).status_code == 403
        assert reader.post("tokens/", body).status_code == 403
        assert ApiToken.objects.count() == 1

    def test_a_bound_token_makes_sees_and_revokes_bound_ones_alone(self, workspace: Workspace) -> None:
        user = make_user("olga", workspace=workspace, role=Role.OWNER)
        Membership.objects.create(workspace=make_workspace("other"), user=user, role=Role.OWNER)
        free = account(Api(user), "tokens/", "POST", {"name": "free", "scopes": ["admin"]}).json()
        bound = Api(user, bound=workspace)
        made = account(bound, "tokens/", "POST", {"name": "mine", "scopes": ["admin"]}).json()
        assert made["workspace"] == "acme"
        elsewhere = {"name": "b", "scopes": ["admin"], "workspace": "other"}
        assert account(bound, "tokens/", "POST", elsewhere).status_code == 404
        assert {each["workspace"] for each in account(bound, "tokens/").json()["results"]} == {"acme"}
        assert account(bound, f"tokens/{free['id']}/", "DELETE").status_code == 404
        assert ApiToken.objects.filter(pk=free["id"]).exists()

    def test_anothers_are_not_there(self, workspace: Workspace, owner: Api) -> None:
        theirs = account(
            Api(make_user("vera", workspace=workspace, role=Role.VIEWER)),
            "tokens/",
            "POST",
            {"name": "theirs", "scopes": ["admin"]},
        ).json()
        for method in ("GET", "DELETE"):
            assert account(owner, f"tokens/{theirs['id']}/", method).status_code == 404
            assert owner.send(method, f"tokens/{theirs['id']}/").status_code == 404
        assert "theirs" not in account(owner, "tokens/").content.decode() + owner.get("tokens/").content.decode()

    def test_an_owner_sees_and_revokes_whoevers_token_is_for_the_workspace(
        self, workspace: Workspace, owner: Api
    ) -> None:
        vera = make_user("vera", workspace=workspace, role=Role.VIEWER)
        reader = Api(vera, bound=workspace)
        listed = owner.get("tokens/").json()["results"]
        assert [(each["username"], each["workspace"]) for each in listed] == [("vera", "acme")]
        assert owner.send("DELETE", f"tokens/{listed[0]['id']}/").status_code == 204
        assert reader.get("jobs/").status_code == 401

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"scopes": []}, "scopes"),
            ({"scopes": ["all"]}, "scopes.0"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2020-01-01T00:00:00"}, "expires_at"),
            ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
            ({"user": "olga"}, "user"),
        ],
    )
    def test_unfit_ones_are_refused_by_field(self, owner: Api, change: dict[str, Any], field: str) -> None:
        body = {"name": "ci", "scopes": ["jobs:read"]} | change
        assert fields(account(owner, "tokens/", "POST", body)) == [field]
        assert ApiToken.objects.count() == 1

    def test_an_expiry_is_kept(self, owner: Api) -> None:
        body = {"name": "ci", "scopes": ["jobs:read"], "expires_at": "2100-01-01T01:00:00+01:00"}
        assert account(owner, "tokens/", "POST", body).json()["expires_at"] == "2100-01-01T00:00:00Z"
        assert ApiToken.objects.get(name="ci").expires_at == dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class TestSecrets:
    def test_a_value_goes_in_and_never_comes_out(self, workspace: Workspace, owner: Api) -> None:
        answers = [
            owner.send("PUT", "secrets/api-key/", {"value": " hush hush "}),
            owner.get("secrets/"),
            owner.get("secrets/api-key/"),
            owner.send("PUT", "secrets/api-key/", {"value": "hush\x00hush"}),
            owner.send("PUT", "secrets/api-key/", {"value": "hush", "value2": "hush"}),
            owner.send("PUT", "secrets/api-key/", {"value": "hush" * 20_000}),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 400, 400]
        assert not any("hush" in answer.content.decode() for answer in answers)
        assert read_secret(workspace_id=workspace.pk, name="api-key") == " hush hush "
        assert "hush" not in str(kinds(""))

    def test_it_shows_who_changed_it_when(self, workspace: Workspace, owner: Api) -> None:
        set_secret(workspace=workspace, name="api-key", value="old", actor="ann")
        before = owner.get("secrets/api-key/").json()
        after = owner.send("PUT", "secrets/api-key/", {"value": "new"}).json()
        assert (before["updated_by"], after["updated_by"]) == ("ann", "olga")
        assert after["updated_at"] > before["updated_at"] >= before["created_at"] == after["created_at"]
        assert kinds("secret.") == [
            ("secret.created", "ann", {"secret": "api-key"}),
            ("secret.replaced", "olga", {"secret": "api-key"}),
        ]

    def test_it_is_deleted(self, workspace: Workspace, owner: Api) -> None:
        set_secret(workspace=workspace, name="api-key", value="old")
        assert owner.send("DELETE", "secrets/api-key/").status_code == 204
        assert owner.send("DELETE", "secrets/api-key/").status_code == 404
        assert not Secret.objects.exists()
        assert kinds("secret.")[-1] == ("secret.deleted", "olga", {"secret": "api-key"})

    def test_another_workspaces_is_not_there(self, workspace: Workspace, owner: Api) -> None:
        other = make_workspace("other")
        set_secret(workspace=other, name="theirs", value="old")
        assert "theirs" not in owner.get("secrets/").content.decode()
        assert owner.get("secrets/theirs/").status_code == owner.send("DELETE", "secrets/theirs/").status_code == 404
        owner.send("PUT", "secrets/theirs/", {"value": "mine"})
        assert read_secret(workspace_id=other.pk, name="theirs") == "old"

    def test_it_takes_an_owner_and_the_scope(self, workspace: Workspace) -> None:
        editor = Api(make_user("eve", workspace=workspace, role=Role.EDITOR))
        olga = make_user("olga", workspace=workspace, role=Role.OWNER)
        assert editor.get("secrets/").status_code == 403
        assert Api(olga, scopes=[Scope.READ, Scope.WRITE]).get("secrets/").status_code == 403
        keeper = Api(olga, scopes=[Scope.SECRETS])
        assert keeper.send("PUT", "secrets/a/", {"value": "x"}).status_code == 200

    def test_a_deployment_without_a_key_says_so(self, owner: Api) -> None:
        with override_settings(JOBS_SECRET_KEYS=[]):
            answer = owner.send("PUT", "secrets/a/", {"value": "x"})
        assert "JOBS_SECRET_KEYS is not set" in answer.json()["errors"][0]["message"]
