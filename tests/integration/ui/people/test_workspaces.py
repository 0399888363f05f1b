"""The list of workspaces, a new one, and another name."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import AuditEntry, Membership, Role, Workspace
from jobs.services.service_accounts import create_service_account
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.ui.people.conftest import As
from tests.integration.ui.people.reading import queries, send, text

pytestmark = pytest.mark.django_db
LIST, NEW = "/ui/workspaces/", "/ui/workspaces/new/"


@pytest.fixture
def root() -> Client:
    return signed_in(make_user("root", is_superuser=True))


class TestTheList:
    def test_it_has_ones_own_with_ones_role_and_their_size(self, workspace: Workspace) -> None:
        make_workspace("globex")
        make_job(workspace, "task:one")
        make_job(workspace, "task:two")
        create_service_account(workspace=workspace, name="ci", role=Role.VIEWER, actor="ann")
        page = text(signed_in(make_user("ann", workspace=workspace, role=Role.EDITOR)), LIST)
        assert "Acme" in page
        assert "editor" in page
        assert ">2</a>" in page, "two jobs"
        assert '<td class="number">1</td>' in page, "a person: service accounts are none"
        assert "Globex" not in page

    def test_a_superuser_sees_all(self, workspace: Workspace, root: Client) -> None:
        make_workspace("globex")
        page = text(root, LIST)
        assert "Acme" in page
        assert "Globex" in page

    def test_the_search_is_in_the_address(self, workspace: Workspace, root: Client) -> None:
        make_workspace("globex")
        page = text(root, LIST + "?search=GLO")
        assert "/ui/w/globex/jobs/" in page
        assert "/ui/w/acme/jobs/" not in page
        assert "No workspace fits" in text(root, LIST + "?search=nowhere")

    def test_the_next_page_begins_behind_the_last_row(self, root: Client) -> None:
        for number in range(51):
            make_workspace(f"w{number:02}")
        assert "?after=w49" in text(root, LIST)
        page = text(root, LIST + "?after=w49")
        assert "/ui/w/w50/jobs/" in page
        assert "/ui/w/w49/jobs/" not in page

    def test_its_queries_do_not_grow_with_its_rows(self, workspace: Workspace, root: Client) -> None:
        make_job(workspace)
        few = queries(root, LIST)
        for number in range(12):
            make_job(make_workspace(f"w{number}"))
        assert queries(root, LIST) == few

    def test_who_is_in_none_is_told_what_to_do(self) -> None:
        page = text(signed_in(make_user("lonely")), LIST)
        assert "Ask an owner of one to add lonely" in page
        assert NEW not in page

    def test_nobody_is_led_to_the_login(self) -> None:
        assert Client().get(LIST).status_code == 302

    @pytest.mark.parametrize("role", list(Role))
    def test_only_an_owner_is_offered_to_rename(self, as_member: As, role: Role) -> None:
        page = text(as_member(role), LIST)
        assert ("/ui/w/acme/rename/" in page) is (role is Role.OWNER)
        assert NEW not in page


class TestANewOne:
    def test_a_superuser_makes_one_and_owns_it(self, root: Client) -> None:
        assert NEW in text(root, LIST)
        answer = root.post(NEW, {"name": "Big Reports", "slug": "reports"})
        assert answer.headers["Location"] == "/ui/w/reports/"
        made = Workspace.objects.get(slug="reports")
        assert made.name == "Big Reports"
        assert Membership.objects.get(workspace=made).role == Role.OWNER

    @pytest.mark.parametrize(
        ("slug", "said"), [("Big Reports", "small letters, digits and hyphens"), ("acme", "there is a workspace")]
    )
    def test_what_is_wrong_is_said(self, workspace: Workspace, root: Client, slug: str, said: str) -> None:
        status, page = send(root, NEW, name="Big", slug=slug)
        assert (status, Workspace.objects.count()) == (422, 1)
        assert said in page

    @pytest.mark.parametrize("role", list(Role))
    def test_nobody_else_does_even_by_a_forged_form(self, as_member: As, role: Role) -> None:
        client = as_member(role)
        assert client.get(NEW).status_code == 403
        assert send(client, NEW, name="Mine", slug="mine")[0] == 403
        assert Workspace.objects.count() == 1


class TestAnotherName:
    def test_an_owner_renames_it_and_the_address_stays(self, workspace: Workspace, owner: Client) -> None:
        assert "Addresses keep “acme”" in text(owner, "rename/")
        assert send(owner, "rename/", name="Acme Corporation")[0] == 302
        workspace.refresh_from_db()
        assert (workspace.slug, workspace.name) == ("acme", "Acme Corporation")
        assert AuditEntry.objects.filter(action="workspace.changed", actor="owner").exists()

    def test_a_name_of_spaces_is_refused_beside_it(self, workspace: Workspace, owner: Client) -> None:
        assert send(owner, "rename/", name="   ")[0] == 422
        workspace.refresh_from_db()
        assert workspace.name == "Acme"

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_no_other_role_does(self, workspace: Workspace, as_member: As, role: Role) -> None:
        client = as_member(role)
        assert client.get("/ui/w/acme/rename/").status_code == 403
        assert send(client, "rename/", name="Mine")[0] == 403
        workspace.refresh_from_db()
        assert workspace.name == "Acme"

    def test_a_stranger_finds_nothing(self, workspace: Workspace, stranger: Client) -> None:
        assert send(stranger, "rename/", name="Mine")[0] == 404
        workspace.refresh_from_db()
        assert workspace.name == "Acme"
        assert User.objects.count() == 1
