"""The pages of secrets: names go out, values only in."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Event, Role, Secret, Workspace
from jobs.services.secrets import read_secret, set_secret
from tests.integration.delivery_rows import make_sink
from tests.integration.people import make_job, make_user, make_workspace, signed_in

pytestmark = pytest.mark.django_db

BASE = "/ui/w/acme/"
VALUE = "hunter2-of-the-partner"


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def owner(workspace: Workspace) -> Client:
    return signed_in(make_user("olivia", workspace=workspace, role=Role.OWNER))


@pytest.fixture
def secret(workspace: Workspace) -> Secret:
    return set_secret(workspace=workspace, name="partner-key", value=VALUE, actor="ada")


def text(client: Client, path: str = "secrets/") -> str:
    answer = client.get(BASE + path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


class TestTheList:
    def test_it_names_them_with_who_changed_them_and_what_names_them(
        self, owner: Client, workspace: Workspace, secret: Secret
    ) -> None:
        signed = {"url": "https://partner.example/", "sign": {"secrets": ["partner-key"]}}
        make_sink(workspace, "hook", kind="webhook", configuration=signed)
        parameters = {"url": "https://partner.example/", "auth": {"bearer": {"secret": "partner-key"}}}
        make_job(workspace, "task:call", payload=[{"kind": "http", "parameters": parameters}])
        page = text(owner)
        for words in ("partner-key", "ada", "/sinks/hook/", "/jobs/task:call/"):
            assert words in page
        assert VALUE not in page

    def test_they_are_found_by_name(self, owner: Client, secret: Secret) -> None:
        assert "partner-key" in text(owner, "secrets/?search=PARTNER")
        assert "No secret fits" in text(owner, "secrets/?search=else")

    def test_an_empty_one_says_what_to_do_first(self, owner: Client) -> None:
        assert "There are no secrets yet" in text(owner)

    def test_its_queries_do_not_grow(self, owner: Client, workspace: Workspace, secret: Secret) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                text(owner)
            return len(found)

        text(owner)
        few = queries()
        for number in range(20):
            set_secret(workspace=workspace, name=f"key-{number}", value="x", actor="ada")
            make_sink(workspace, f"hook-{number}", kind="webhook", configuration={"url_secret": f"key-{number}"})
            make_job(workspace, f"task:n{number}")
        assert queries() == few


class TestWhoMay:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR])
    def test_who_is_no_owner_sees_and_changes_nothing(self, workspace: Workspace, secret: Secret, role: Role) -> None:
        client = signed_in(make_user("eve", workspace=workspace, role=role))
        assert "/secrets/" not in text(client, "sinks/")
        assert client.get(f"{BASE}secrets/").status_code == 403
        for path in ("add-secret/", "secrets/partner-key/replace/", "secrets/partner-key/delete/"):
            assert client.get(BASE + path).status_code == 403
            assert client.post(BASE + path, {"name": "mine", "value": "forged"}).status_code == 403
        assert Secret.objects.count() == 1
        assert read_secret(workspace_id=workspace.pk, name="partner-key") == VALUE

    def test_a_stranger_finds_nothing(self, secret: Secret) -> None:
        client = signed_in(make_user("otto", workspace=make_workspace("other"), role=Role.OWNER))
        assert client.get(f"{BASE}secrets/").status_code == 404
        assert client.post(f"{BASE}secrets/partner-key/delete/").status_code == 404
        assert Secret.objects.exists()


class TestWhatIsDone:
    def test_a_new_one_is_stored_and_its_value_not_shown(self, owner: Client, workspace: Workspace) -> None:
        answer = owner.post(f"{BASE}add-secret/", {"name": "token", "value": VALUE}, follow=True)
        assert answer.status_code == 200
        assert VALUE not in answer.content.decode()
        assert read_secret(workspace_id=workspace.pk, name="token") == VALUE
        assert Event.objects.get(kind="secret.created").actor == "olivia"

    def test_lines_of_a_key_stay_lines(self, owner: Client, workspace: Workspace) -> None:
        owner.post(f"{BASE}add-secret/", {"name": "pem", "value": "-----BEGIN\r\nabc\r\n-----END\r\n"})
        assert read_secret(workspace_id=workspace.pk, name="pem") == "-----BEGIN\nabc\n-----END\n"

    @pytest.mark.parametrize("name", ["", "1st", "a b", "partner-key", "x" * 101, "nul\0"])
    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    def test_a_refused_form_does_not_hold_the_value(
        self, owner: Client, secret: Secret, name: str, headers: dict[str, str]
    ) -> None:
        answer = owner.post(f"{BASE}add-secret/", {"name": name, "value": "typed-and-secret"}, headers=headers)
        assert answer.status_code == 422
        assert "typed-and-secret" not in answer.content.decode()
        assert 'id="id_name_error"' in answer.content.decode()
        assert list(Secret.objects.values_list("name", flat=True)) == ["partner-key"]

    @pytest.mark.parametrize("path", ["add-secret/", "secrets/partner-key/replace/"])
    @pytest.mark.parametrize("value", ["", "typed-and-secret" * 5000])
    def test_a_value_that_is_none_is_told_without_it(
        self, owner: Client, workspace: Workspace, secret: Secret, path: str, value: str
    ) -> None:
        answer = owner.post(BASE + path, {"name": "other", "value": value})
        assert answer.status_code == 422
        assert "typed-and-secret" not in answer.content.decode()
        assert 'id="id_value_error"' in answer.content.decode()
        assert read_secret(workspace_id=workspace.pk, name="partner-key") == VALUE

    def test_one_that_there_is_is_not_replaced_unasked(
        self, owner: Client, workspace: Workspace, secret: Secret
    ) -> None:
        owner.post(f"{BASE}add-secret/", {"name": "partner-key", "value": "other"})
        assert read_secret(workspace_id=workspace.pk, name="partner-key") == VALUE

    def test_a_value_is_replaced(self, owner: Client, workspace: Workspace, secret: Secret) -> None:
        asked = text(owner, "secrets/partner-key/replace/")
        assert VALUE not in asked
        answer = owner.post(f"{BASE}secrets/partner-key/replace/", {"value": "the next one"}, follow=True)
        assert "the next one" not in answer.content.decode()
        assert read_secret(workspace_id=workspace.pk, name="partner-key") == "the next one"

    def test_who_deletes_one_is_told_who_names_it(self, owner: Client, workspace: Workspace, secret: Secret) -> None:
        make_sink(workspace, "hook", kind="webhook", configuration={"url_secret": "partner-key"})
        assert "hook" in text(owner, "secrets/partner-key/delete/")
        owner.post(f"{BASE}secrets/partner-key/delete/")
        assert not Secret.objects.exists()
