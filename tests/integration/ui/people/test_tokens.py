"""Tokens: whose are listed to whom, that a new one is shown once, and its end."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from jobs.models import ApiToken, AuditEntry, Role, Scope, ServiceAccount, Workspace
from jobs.services.service_accounts import create_service_account
from jobs.services.tokens import create_token, find_token
from tests.integration.people import make_user, make_workspace, signed_in
from tests.integration.ui.people.conftest import As
from tests.integration.ui.people.reading import BASE, queries, send, text

pytestmark = pytest.mark.django_db


def now() -> dt.datetime:
    """When it is asked: hours may lie between the beginning of a session and this test."""
    return dt.datetime.now(dt.UTC)


TOKEN = re.compile(r"jobs_[\w-]{43}")
ASKED: dict[str, Any] = {"name": "ci", "expires_at": "30", "workspace": "here", "scopes": ["jobs:read", "jobs:run"]}


@pytest.fixture
def ann(workspace: Workspace) -> User:
    return make_user("ann", workspace=workspace, role=Role.OPERATOR)


@pytest.fixture
def browser(ann: User) -> Client:
    return signed_in(ann)


@pytest.fixture
def account(workspace: Workspace) -> ServiceAccount:
    return create_service_account(workspace=workspace, name="bot", role=Role.OPERATOR, actor="ann")


def make_token(user: User, name: str = "laptop", **parts: Any) -> ApiToken:
    return create_token(user=user, name=name, now=now(), **parts)[0]


def revoke(token: ApiToken, *, workspace: bool = False) -> str:
    return f"tokens/{'workspace/' if workspace else ''}{token.pk}/revoke/"


class TestTheLists:
    def test_ones_own_with_what_each_opens(self, browser: Client, ann: User, workspace: Workspace) -> None:
        make_token(ann, scopes=[Scope.RUN], workspace=workspace, expires_at=now() + dt.timedelta(days=3))
        make_token(ann, "everywhere")
        page = text(browser, "tokens/")
        assert "Starts, pauses, resumes and ends runs" in page
        assert "all your workspaces" in page
        assert ">soon<" in page

    def test_nobody_elses_are_among_ones_own(self, browser: Client, owner: Client, ann: User) -> None:
        token = make_token(ann, "mine-alone")
        assert "mine-alone" not in text(owner, "tokens/")
        page = text(owner, revoke(token))
        assert f"there is no token {token.pk}" in page
        assert "mine-alone" not in page

    def test_an_owner_sees_all_that_open_the_workspace_alone(
        self, owner: Client, ann: User, workspace: Workspace
    ) -> None:
        make_token(ann, "for-acme", workspace=workspace)
        make_token(ann, "for-all")
        other = make_workspace("globex")
        make_token(make_user("gus", workspace=other, role=Role.OWNER), "for-globex", workspace=other)
        page = text(owner, "tokens/workspace/")
        assert "for-acme" in page
        assert "for-all" not in page
        assert "for-globex" not in page

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_nobody_else_sees_them(self, as_member: As, role: Role) -> None:
        client = as_member(role)
        assert client.get(f"{BASE}tokens/workspace/").status_code == 403
        assert "tokens/workspace/" not in text(client, "tokens/")

    def test_a_stranger_finds_nothing(self, stranger: Client) -> None:
        for path in ("tokens/", "tokens/new/", "tokens/workspace/"):
            assert stranger.get(BASE + path).status_code == 404

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("search=LAP", True),
            ("search=x", False),
            ("expires_before=2100-01-01", True),
            ("unused_since=nonsense", False),
            ("expires_before=2001-01-01", False),
            ("unused_since=2100-01-01", True),
            ("unused_since=2001-01-01", False),
            ("after=nonsense", False),
            ("after=1", False),
            ("username=ann", True),
            ("username=bob", False),
            ("created_by=ann", True),
            ("created_by=bob", False),
        ],
    )
    def test_filters_of_the_address_choose(
        self, owner: Client, ann: User, workspace: Workspace, query: str, found: bool
    ) -> None:
        token = make_token(ann, workspace=workspace, expires_at=now() + dt.timedelta(days=3))
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now())
        assert (revoke(token, workspace=True) in text(owner, f"tokens/workspace/?{query}")) is found

    def test_the_next_page_begins_behind_the_last_row(self, browser: Client, ann: User) -> None:
        tokens = [make_token(ann) for _ in range(51)]
        assert f"?after={tokens[1].pk}" in text(browser, "tokens/")
        page = text(browser, f"tokens/?after={tokens[1].pk}")
        assert revoke(tokens[0]) in page
        assert revoke(tokens[1]) not in page

    def test_their_queries_do_not_grow_with_the_rows(self, owner: Client, workspace: Workspace) -> None:
        user = User.objects.get(username="owner")
        make_token(user, workspace=workspace)
        few = [queries(owner, path) for path in ("tokens/", "tokens/workspace/")]
        for _ in range(20):
            make_token(user, workspace=workspace)
        assert [queries(owner, path) for path in ("tokens/", "tokens/workspace/")] == few

    def test_an_empty_one_says_what_a_token_is_for(self, browser: Client) -> None:
        assert "needs one to call the API" in text(browser, "tokens/")


class TestANewOne:
    def test_it_is_shown_once_and_works(self, browser: Client, workspace: Workspace) -> None:
        answer = browser.post(f"{BASE}tokens/new/", ASKED)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        [token] = set(TOKEN.findall(answer.content.decode()))
        found = find_token(token=token, now=now())
        assert found is not None
        assert (found.name, found.user.username, found.workspace) == ("ci", "ann", workspace)
        assert found.scopes == ["jobs:read", "jobs:run"]
        assert found.expires_at is not None
        assert abs(found.expires_at - now() - dt.timedelta(days=30)) < dt.timedelta(minutes=5)

    def test_it_is_kept_nowhere(self, browser: Client) -> None:
        answer = browser.post(f"{BASE}tokens/new/", ASKED)
        token = TOKEN.findall(answer.content.decode())[0]
        assert token not in text(browser, "tokens/")
        assert not any(token in str(entry.after) for entry in AuditEntry.objects.all())
        assert not any(token in str(session.get_decoded()) for session in Session.objects.all())
        assert token not in str(browser.cookies)
        assert not answer.context["messages"]

    def test_for_all_ones_workspaces_and_for_good(self, browser: Client) -> None:
        send(browser, "tokens/new/", **ASKED | {"workspace": "everywhere", "expires_at": "never"})
        made = ApiToken.objects.get()
        assert (made.workspace, made.expires_at) == (None, None)

    def test_until_a_day_is_over(self, browser: Client) -> None:
        send(browser, "tokens/new/", **ASKED | {"expires_at": "day", "day": "2099-12-31"})
        assert ApiToken.objects.get().expires_at == dt.datetime(2100, 1, 1, tzinfo=dt.UTC)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"name": ""}, "This field is required"),
            ({"scopes": []}, "Tick at least one"),
            ({"scopes": ["jobs:all"]}, "Select a valid choice"),
            ({"expires_at": "day"}, "Expected a day"),
            ({"expires_at": "day", "day": "2001-01-01"}, "a time that is still to come"),
            ({"expires_at": "day", "day": "9999-12-31"}, "Expected a day"),
            ({"workspace": "globex"}, "Select a valid choice"),
        ],
    )
    def test_what_is_wrong_is_said_beside_it_and_what_was_typed_stays(
        self, browser: Client, change: dict[str, Any], said: str
    ) -> None:
        status, page = send(browser, "tokens/new/", **ASKED | change)
        assert (status, ApiToken.objects.count()) == (422, 0)
        assert said in page
        assert not TOKEN.search(page)
        assert "name" in change or 'value="ci"' in page

    def test_an_owner_makes_one_for_a_service_account(
        self, owner: Client, workspace: Workspace, account: ServiceAccount
    ) -> None:
        assert 'value="bot" selected' in text(owner, "tokens/new/?service_account=bot")
        status, page = send(owner, "tokens/new/", **ASKED | {"service_account": "bot", "workspace": "everywhere"})
        assert status == 200
        assert "tokens/workspace/" in page
        made = ApiToken.objects.get()
        assert (made.user, made.workspace, made.created_by) == (account.user, workspace, "owner")

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_nobody_else_does(self, as_member: As, account: ServiceAccount, role: Role) -> None:
        client = as_member(role)
        assert "service_account" not in text(client, "tokens/new/")
        assert send(client, "tokens/new/", **ASKED | {"service_account": "bot"})[0] == 403
        assert not ApiToken.objects.exists()

    def test_another_workspaces_account_is_none(self, owner: Client) -> None:
        create_service_account(workspace=make_workspace("globex"), name="theirs", role=Role.OWNER, actor="gus")
        assert send(owner, "tokens/new/", **ASKED | {"service_account": "theirs"})[0] == 422
        assert not ApiToken.objects.exists()

    def test_a_stranger_makes_none(self, stranger: Client) -> None:
        assert send(stranger, "tokens/new/", **ASKED)[0] == 404
        assert not ApiToken.objects.exists()


class TestRevoking:
    def test_the_question_names_what_stops(self, browser: Client, ann: User, workspace: Workspace) -> None:
        page = text(browser, revoke(make_token(ann, workspace=workspace, scopes=[Scope.RUN])))
        assert "Whatever calls with “laptop” of ann is refused from its next call on." in page
        assert "It opens: run jobs, in Acme." in page
        assert "Last used: never." in page

    def test_ones_own(self, browser: Client, ann: User) -> None:
        token = make_token(ann)
        assert send(browser, revoke(token))[0] == 302
        assert not ApiToken.objects.exists()
        assert f"there is no token {token.pk}" in send(browser, revoke(token))[1], "somebody was quicker"

    def test_an_owner_revokes_any_of_the_workspaces(self, owner: Client, ann: User, workspace: Workspace) -> None:
        token = make_token(ann, workspace=workspace)
        assert send(owner, revoke(token))[0] == 422, "it is not the owner's own"
        assert send(owner, revoke(token, workspace=True))[0] == 302
        assert not ApiToken.objects.exists()

    def test_not_one_that_opens_all_of_its_users(self, owner: Client, ann: User) -> None:
        assert send(owner, revoke(make_token(ann), workspace=True))[0] == 422
        assert ApiToken.objects.count() == 1

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_nobody_else_does(self, as_member: As, ann: User, workspace: Workspace, role: Role) -> None:
        client, token = as_member(role), make_token(ann, workspace=workspace)
        assert send(client, revoke(token))[0] == 422
        assert send(client, revoke(token, workspace=True))[0] == 403
        assert ApiToken.objects.count() == 1

    def test_a_stranger_does_not(self, stranger: Client, ann: User, workspace: Workspace) -> None:
        token = make_token(ann, workspace=workspace)
        assert send(stranger, revoke(token))[0] == 404
        assert send(stranger, revoke(token, workspace=True))[0] == 404
        assert ApiToken.objects.count() == 1
