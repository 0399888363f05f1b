"""Members and service accounts: who sees them, and who changes what."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import ApiToken, Membership, Role, ServiceAccount, Workspace
from jobs.services.service_accounts import create_service_account
from jobs.services.tokens import create_token
from scheduler.models import Schedule
from tests.integration.people import make_user
from tests.integration.schedule_rows import make_schedule
from tests.integration.ui.people.conftest import As
from tests.integration.ui.people.reading import BASE, queries, send, text

pytestmark = pytest.mark.django_db
ACCOUNTS = "members/service-accounts/"
LESSER = [Role.VIEWER, Role.OPERATOR, Role.EDITOR]


@pytest.fixture
def mia(workspace: Workspace) -> User:
    return make_user("mia", workspace=workspace, role=Role.EDITOR)


@pytest.fixture
def account(workspace: Workspace) -> ServiceAccount:
    return create_service_account(workspace=workspace, name="ci", role=Role.OPERATOR, actor="ann", description="builds")


def make_token(user: User, workspace: Workspace) -> ApiToken:
    return create_token(user=user, name="laptop", workspace=workspace, now=dt.datetime.now(dt.UTC))[0]


def role_of(user: User) -> str | None:
    return Membership.objects.filter(user=user).values_list("role", flat=True).first()


class TestThePeople:
    def test_each_with_role_and_tokens(self, owner: Client, workspace: Workspace, mia: User) -> None:
        make_token(mia, workspace)
        page = text(owner, "members/")
        assert "mia" in page
        assert "editor" in page
        assert "tokens/workspace/?username=mia" in page
        assert ">you</span>" in page

    def test_one_who_cannot_log_in_is_marked(self, owner: Client, workspace: Workspace) -> None:
        make_user("gone", workspace=workspace, role=Role.VIEWER, is_active=False)
        page = text(owner, "members/?active=no")
        assert "gone" in page
        assert "people/owner/role/" not in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("search=MI", True),
            ("search=zoe", False),
            ("role=editor", True),
            ("role=viewer", False),
            ("active=yes", True),
            ("role=nonsense", False),
            ("active=nonsense", False),
            ("after=mia", False),
        ],
    )
    def test_filters_of_the_address_choose(self, owner: Client, mia: User, query: str, found: bool) -> None:
        assert ("people/mia/role/" in text(owner, f"members/?{query}")) is found

    def test_service_accounts_stand_on_a_page_of_their_own(
        self, owner: Client, mia: User, account: ServiceAccount
    ) -> None:
        assert "ci@acme.service" not in text(owner, "members/")
        page = text(owner, ACCOUNTS)
        assert "builds" in page
        assert "operator" in page
        assert "people/mia/" not in page

    @pytest.mark.parametrize("query", ["search=c", "role=operator", "created_by=ann"])
    def test_service_accounts_are_filtered_too(self, owner: Client, account: ServiceAccount, query: str) -> None:
        assert f"{ACCOUNTS}ci/change/" in text(owner, f"{ACCOUNTS}?{query}")
        assert f"{ACCOUNTS}ci/change/" not in text(owner, f"{ACCOUNTS}?{query}x")

    def test_their_queries_do_not_grow_with_the_rows(
        self, owner: Client, workspace: Workspace, mia: User, account: ServiceAccount
    ) -> None:
        few = [queries(owner, path) for path in ("members/", ACCOUNTS)]
        for number in range(15):
            make_token(make_user(f"p{number}", workspace=workspace, role=Role.VIEWER), workspace)
            made = create_service_account(workspace=workspace, name=f"s{number}", role=Role.VIEWER, actor="ann")
            make_token(made.user, workspace)
        assert [queries(owner, path) for path in ("members/", ACCOUNTS)] == few

    def test_an_empty_page_says_what_to_do(self, owner: Client) -> None:
        assert "What runs for years" in text(owner, ACCOUNTS)
        assert "Nobody fits" in text(owner, "members/?search=zoe")


PATHS = (
    "members/",
    "members/add/",
    "members/people/mia/role/",
    "members/people/mia/remove/",
    ACCOUNTS,
    f"{ACCOUNTS}new/",
    f"{ACCOUNTS}ci/change/",
    f"{ACCOUNTS}ci/delete/",
)


@pytest.mark.usefixtures("mia", "account")
class TestWhoMay:
    @pytest.mark.parametrize("path", PATHS)
    def test_an_owner_finds_each_page(self, owner: Client, path: str) -> None:
        assert text(owner, path)

    @pytest.mark.parametrize("role", LESSER)
    def test_no_other_role_does_and_the_navigation_does_not_lead_there(self, as_member: As, role: Role) -> None:
        client = as_member(role)
        assert {client.get(BASE + path).status_code for path in PATHS} == {403}
        assert "/ui/w/acme/members/" not in text(client, "")

    def test_a_stranger_finds_nothing(self, stranger: Client) -> None:
        assert {stranger.get(BASE + path).status_code for path in PATHS} == {404}

    def test_nobody_is_led_to_the_login(self) -> None:
        assert {Client().get(BASE + path).status_code for path in PATHS} == {302}

    @pytest.mark.parametrize("role", LESSER)
    def test_a_forged_form_changes_nothing(self, as_member: As, role: Role) -> None:
        client = as_member(role)
        make_user("zoe")
        before = sorted(Membership.objects.values_list("user__username", "role"))
        for path in PATHS:
            answer = client.post(
                BASE + path, {"username": "zoe", "role": "owner", "name": "bot", "description": "mine now"}
            )
            assert answer.status_code in (403, 405), path
        assert sorted(Membership.objects.values_list("user__username", "role")) == before
        assert list(ServiceAccount.objects.values_list("name", "description")) == [("ci", "builds")]

    def test_a_strangers_forged_form_changes_nothing_either(self, stranger: Client) -> None:
        before = sorted(Membership.objects.values_list("user__username", "role"))
        for path in PATHS:
            assert send(stranger, path, username="stranger", role="owner", name="bot", description="")[0] == 404
        assert sorted(Membership.objects.values_list("user__username", "role")) == before


class TestAdding:
    def test_somebody_is_let_in(self, owner: Client) -> None:
        zoe = make_user("zoe")
        assert send(owner, "members/add/", username="zoe", role="operator")[0] == 302
        assert role_of(zoe) == Role.OPERATOR

    @pytest.mark.parametrize(
        ("username", "said"),
        [("nobody", "there is no active user"), ("mia", "is a member of acme already"), ("", "required")],
    )
    def test_what_is_wrong_is_said(self, owner: Client, mia: User, username: str, said: str) -> None:
        status, page = send(owner, "members/add/", username=username, role="owner")
        assert status == 422
        assert said in page
        assert role_of(mia) == Role.EDITOR

    def test_a_role_that_there_is_not_is_refused(self, owner: Client) -> None:
        zoe = make_user("zoe")
        assert send(owner, "members/add/", username="zoe", role="emperor")[0] == 422
        assert role_of(zoe) is None


class TestChanging:
    def test_another_role(self, owner: Client, mia: User) -> None:
        assert send(owner, "members/people/mia/role/", role="viewer")[0] == 302
        assert role_of(mia) == Role.VIEWER

    def test_the_last_owner_stays_one_and_the_page_says_why(self, owner: Client, mia: User) -> None:
        for path in ("members/people/owner/role/", "members/people/owner/remove/"):
            status, page = send(owner, path, role="viewer")
            assert status == 422
            assert "this is the last owner of acme: make somebody else an owner first" in page
        assert role_of(User.objects.get(username="owner")) == Role.OWNER

    def test_who_gives_up_being_an_owner_is_led_to_where_they_still_may_be(
        self, owner: Client, workspace: Workspace
    ) -> None:
        make_user("olga", workspace=workspace, role=Role.OWNER)
        answer = owner.post(f"{BASE}members/people/owner/role/", {"role": "viewer"})
        assert answer.headers["Location"] == BASE
        assert owner.get(answer.headers["Location"]).status_code == 200

    def test_one_who_is_not_there_is_not_found(self, owner: Client) -> None:
        make_user("zoe")
        assert send(owner, "members/people/zoe/role/", role="owner")[0] == 404
        assert Membership.objects.count() == 1


class TestRemoving:
    def test_the_question_names_what_stops(self, owner: Client, workspace: Workspace, mia: User) -> None:
        make_token(mia, workspace)
        Schedule.objects.filter(pk=make_schedule(workspace).pk).update(principal=mia)
        page = text(owner, "members/people/mia/remove/")
        assert "mia sees nothing of Acme from now on" in page
        assert "1 token for this workspace opens nothing any more." in page
        assert "1 schedule acts in this name" in page

    def test_and_nothing_where_nothing_does(self, owner: Client, mia: User) -> None:
        page = text(owner, "members/people/mia/remove/")
        assert "opens nothing" not in page
        assert "acts in this name" not in page

    def test_they_are_out(self, owner: Client, mia: User) -> None:
        assert send(owner, "members/people/mia/remove/")[0] == 302
        assert role_of(mia) is None
        assert "is not a member of acme" in send(owner, "members/people/mia/remove/")[1], "somebody was quicker"


class TestServiceAccounts:
    def test_one_is_made(self, owner: Client) -> None:
        assert send(owner, f"{ACCOUNTS}new/", name="bot", role="editor", description="loads")[0] == 302
        made = ServiceAccount.objects.get()
        assert (made.name, made.description, made.created_by) == ("bot", "loads", "owner")
        assert role_of(made.user) == Role.EDITOR

    @pytest.mark.parametrize(
        ("name", "said"), [("No Good", "small letters, digits and hyphens"), ("ci", "has a service account")]
    )
    def test_what_is_wrong_is_said(self, owner: Client, account: ServiceAccount, name: str, said: str) -> None:
        status, page = send(owner, f"{ACCOUNTS}new/", name=name, role="editor", description="")
        assert (status, ServiceAccount.objects.count()) == (422, 1)
        assert said in page

    def test_role_and_description_change(self, owner: Client, account: ServiceAccount) -> None:
        assert send(owner, f"{ACCOUNTS}ci/change/", role="viewer", description="")[0] == 302
        account.refresh_from_db()
        assert (role_of(account.user), account.description) == (Role.VIEWER, "")

    def test_one_is_deleted_with_its_tokens_of_which_the_question_tells(
        self, owner: Client, workspace: Workspace, account: ServiceAccount
    ) -> None:
        make_token(account.user, workspace)
        assert "1 token for this workspace opens nothing any more." in text(owner, f"{ACCOUNTS}ci/delete/")
        assert send(owner, f"{ACCOUNTS}ci/delete/")[0] == 302
        assert not ServiceAccount.objects.exists()
        assert not ApiToken.objects.exists()
