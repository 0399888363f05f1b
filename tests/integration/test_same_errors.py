"""A manifest, an API call and an admin form with the same bad input give the same errors on the same fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from django.test import Client

from jobs.admin.job_form import DOCUMENT_FIELDS
from jobs.models import Job, Role, Workspace
from manifests.loading import load
from manifests.problems import ManifestsRefusedError
from tests.integration.people import Api, make_user, make_workspace

pytestmark = pytest.mark.django_db

Errors = list[tuple[str, str]]
GOOD: dict[str, Any] = {"key": "task:ping", "payload": [{"kind": "noop"}]}
GET = {"method": "GET", "url": "http://example.com/"}

BAD_PARTS: list[dict[str, Any]] = [
    {"key": "cron:ping"},
    {"key": "task:has space"},
    {"key": " task:ping"},
    {"key": "task:" + "x" * 200},
    {"description": "x" * 3000},
    {"description": "100 % \x00"},
    {"payload": {"kind": "noop"}},
    {"payload": None},
    {"payload": [5, {"kind": "noop", "nmae": "x"}, {"name": "kindless"}]},
    {"payload": [{"kind": "smtp"}, {"kind": "noop", "timeout": "1h 30m"}]},
    {"payload": [{"kind": "http", "parameters": GET | {"method": "FETCH"}}, {"kind": "http", "parameters": {}}]},
    {"payload": [{"kind": "noop", "parameters": {"a": ["\x00", "fine"]}}]},
    {"configuration": {"retry": {"initial_interval": "soon", "maximum_attempts": 0}, "max_concurrent_requests": "5"}},
    {"configuration": {"strikt": True}},
    {"configuration": []},
    {"tags": ["ok", "", 5]},
    {"tags": "ok"},
    {"metadata": [1]},
    {"metadata": None},
    {"metadata": {"n": 10**1500}},
    {"key": "x", "tags": {}, "metadata": 5, "configuration": {"priority": 1000}},
]
MISSING = [{"payload": []}, {"key": "task:ping"}, {}]


def by_manifest(document: Mapping[str, Any]) -> Errors:
    with pytest.raises(ManifestsRefusedError) as refused:
        load(yaml.safe_dump({"manifest": "job", **document}))
    return [(error.field, error.message) for error in refused.value.errors]


def by_api(document: Mapping[str, Any], workspace: Workspace) -> Errors:
    response = Api(make_user("api", workspace=workspace, role=Role.EDITOR)).post("jobs/", document)
    assert response.status_code == 400
    return [(error["field"], error["message"]) for error in response.json()["errors"]]


def by_admin(document: Mapping[str, Any], workspace: Workspace) -> Errors:
    """The errors of the form, which must stand on the field that their path begins with, beside all that was typed."""
    typed = {name: value if name in ("key", "description") else json.dumps(value) for name, value in document.items()}
    client = Client()
    client.force_login(make_user("form", workspace=workspace, role=Role.EDITOR, is_staff=True))
    response = client.post("/admin/jobs/job/add/", typed | {"workspace": workspace.pk})
    assert response.status_code == 200
    form = response.context["adminform"].form
    assert {name: form[name].value() for name in typed} == typed
    found = form.errors.as_data()
    assert all(error.params["field"].startswith(name) for name, errors in found.items() for error in errors)
    assert all(str(message) in response.content.decode() for name in ("key",) for message in form.errors.get(name, []))
    return [
        (error.params["field"], error.params["message"]) for name in DOCUMENT_FIELDS for error in found.get(name, [])
    ]


@pytest.mark.parametrize(
    "document", [*(GOOD | part for part in BAD_PARTS), *MISSING], ids=lambda document: repr(document)[:60]
)
def test_the_same_mistake_is_told_in_the_same_words_on_the_same_field(document: dict[str, Any]) -> None:
    workspace = make_workspace()
    told = by_api(document, workspace)
    assert told
    assert sorted(by_admin(document, workspace)) == sorted(told)
    assert by_manifest(document) == told
    assert not Job.objects.exists()


def test_a_group_that_the_workspace_does_not_have_is_told_by_form_and_api_alike() -> None:
    document = GOOD | {"configuration": {"concurrency_group": "gone"}}
    workspace = make_workspace()
    [(field, message)] = by_api(document, workspace)
    assert field == "configuration.concurrency_group"
    assert "create it first" in message
    assert by_admin(document, workspace) == [(field, message)]
