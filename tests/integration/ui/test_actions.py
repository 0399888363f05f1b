"""Dialogs: what they say, who gets them, and where the errors of services stand."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory

from jobs.errors import ConflictError, FieldError, NotFoundError, ValidationError
from jobs.models import Role, Workspace
from tests.integration.people import make_user
from ui.actions import Action, Done, Question

pytestmark = pytest.mark.django_db


class NameForm(forms.Form):
    name = forms.CharField()
    payload = forms.CharField(required=False)


class Rename(Action):
    """Renames the workspace; refuses what the name says."""

    roles = {"POST": Role.OPERATOR}
    form_class = NameForm

    def question(self) -> Question:
        return Question("Rename acme", "Two jobs are renamed with it.", "Rename", danger=True)

    def act(self, form: Any) -> Done:
        name = form.cleaned_data["name"]
        if name == "wrong":
            raise ValidationError([FieldError("payload.0.url", "expected https"), FieldError("nowhere", "expected 1")])
        if name == "taken":
            raise ConflictError("that name is taken")
        if name == "gone":
            raise NotFoundError("it is gone")
        self.workspace.name = name
        self.workspace.save()
        return Done(f"It is called {name}.", to="/there/" if name == "elsewhere" else "")

    def back(self) -> str:
        return "/back/"


def call(
    workspace: Workspace, role: Role | None, method: str = "post", *, htmx: bool = True, page: str = "", **data: str
) -> Any:
    """What such a member is answered."""
    request = getattr(RequestFactory(), method)(
        "/ui/w/acme/rename/?x=1", data, headers={"HX-Request": "true", "HX-Current-URL": page} if htmx else {}
    )
    request.user = make_user("mia", workspace=workspace if role else None, role=role)
    request.session = SessionStore()
    request._messages = FallbackStorage(request)
    response: Any = Rename.as_view()(request, workspace="acme")
    response.told = [str(message) for message in get_messages(request)]
    return response


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestAsking:
    def test_it_says_what_will_happen(self, workspace: Workspace) -> None:
        page = text(call(workspace, Role.OPERATOR, "get"))
        assert "Rename acme" in page
        assert "Two jobs are renamed with it." in page
        assert 'hx-post="/ui/w/acme/rename/?x=1"' in page
        assert "<html" not in page

    def test_without_scripts_it_is_a_page(self, workspace: Workspace) -> None:
        page = text(call(workspace, Role.OPERATOR, "get", htmx=False))
        assert "<html" in page
        assert 'action="/ui/w/acme/rename/?x=1"' in page
        assert 'href="/back/"' in page

    def test_who_may_not_do_it_is_not_asked(self, workspace: Workspace) -> None:
        with pytest.raises(PermissionDenied):
            call(workspace, Role.VIEWER, "get")


class TestDoing:
    def test_the_page_is_put_anew_and_says_what_came_of_it(self, workspace: Workspace) -> None:
        answer = call(workspace, Role.OPERATOR, name="Beta")
        assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
        assert answer.told == ["It is called Beta."]
        workspace.refresh_from_db()
        assert workspace.name == "Beta"

    def test_it_may_lead_elsewhere(self, workspace: Workspace) -> None:
        assert call(workspace, Role.OPERATOR, name="elsewhere").headers["HX-Redirect"] == "/there/"

    def test_where_the_dialog_is_a_page_it_leads_back(self, workspace: Workspace) -> None:
        answer = call(workspace, Role.OPERATOR, name="Beta", page="http://testserver/ui/w/acme/rename/?x=1")
        assert answer.headers["HX-Redirect"] == "/back/"

    def test_without_scripts_it_leads_back(self, workspace: Workspace) -> None:
        answer = call(workspace, Role.OPERATOR, name="Beta", htmx=False)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/back/")

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_stranger_finds_nothing(self, workspace: Workspace, method: str) -> None:
        with pytest.raises(Http404):
            call(workspace, None, method, name="Beta")
        workspace.refresh_from_db()
        assert workspace.name == "Acme"

    def test_a_forged_one_changes_nothing(self, workspace: Workspace) -> None:
        with pytest.raises(PermissionDenied):
            call(workspace, Role.VIEWER, name="Beta")
        workspace.refresh_from_db()
        assert workspace.name == "Acme"


class TestErrors:
    def test_what_the_form_refuses_stands_beside_its_field(self, workspace: Workspace) -> None:
        answer = call(workspace, Role.OPERATOR)
        assert answer.status_code == 422
        assert 'id="id_name_error">This field is required.' in text(answer)
        assert 'aria-describedby="id_name_error"' in text(answer)

    def test_what_the_service_refuses_too_and_above_the_form_what_has_no_field(self, workspace: Workspace) -> None:
        answer = call(workspace, Role.OPERATOR, name="wrong")
        assert answer.status_code == 422
        assert 'id="id_payload_error">payload.0.url: expected https' in text(answer)
        assert "<p>nowhere: expected 1</p>" in text(answer)
        assert 'value="wrong"' in text(answer)

    @pytest.mark.parametrize("name", ["taken", "gone"])
    def test_a_conflict_stands_above_the_form(self, workspace: Workspace, name: str) -> None:
        answer = call(workspace, Role.OPERATOR, name=name)
        assert answer.status_code == 422
        assert "that name is taken" in text(answer) or "it is gone" in text(answer)
        assert answer.told == []
