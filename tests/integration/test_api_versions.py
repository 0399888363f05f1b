"""Two writers cannot overwrite each other, and who has something already is not sent it again."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import ConcurrencyGroup, Job, Role, Run, Workspace
from tests.integration.people import NOW, Api, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

PING = {"key": "task:ping", "payload": [{"kind": "noop"}]}
NIGHTLY = {"name": "nightly", "triggers": [{"type": "cron", "expression": "0 0 3 * * ?"}]}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    api = Api(make_user("eve", workspace=workspace, role=Role.EDITOR))
    made = [
        api.post("jobs/", PING | {"schedules": [NIGHTLY]}),
        api.post("groups/", {"name": "host", "limit": 5}),
        api.post("sinks/", {"name": "journal", "kind": "log"}),
        api.post("notice-rules/", {"name": "on-call", "sink": "journal", "events": ["failed"]}),
    ]
    assert [response.status_code for response in made] == [201] * 4, [response.content for response in made]
    return api


EDITABLE = [
    ("jobs/task:ping/", PING | {"description": "new"}),
    ("jobs/task:ping/schedules/nightly/", NIGHTLY | {"notes": "new"}),
    ("groups/host/", {"limit": 7}),
    ("sinks/journal/", {"kind": "log", "description": "new"}),
    ("notice-rules/on-call/", {"sink": "journal", "events": ["failed"], "description": "new"}),
]
everything = pytest.mark.parametrize(("path", "body"), EDITABLE, ids=[path for path, _ in EDITABLE])


@everything
class TestTwoWriters:
    def test_the_second_is_told_by_if_match(self, api: Api, path: str, body: dict[str, Any]) -> None:
        seen = api.get(path).headers["ETag"]
        assert api.send("PUT", path, body, If_Match=seen).status_code == 200
        assert api.send("PUT", path, body, If_Match=seen).status_code == 412
        assert api.send("PUT", path, body, If_Match=api.get(path).headers["ETag"]).status_code == 200

    def test_the_second_is_told_by_the_version_of_the_body(self, api: Api, path: str, body: dict[str, Any]) -> None:
        seen = {"version": api.get(path).json()["version"]}
        assert api.send("PUT", path, body | seen).status_code == 200
        assert api.send("PUT", path, body | seen).status_code == 409

    def test_the_second_is_told_by_expected_updated_at(self, api: Api, path: str, body: dict[str, Any]) -> None:
        stale = api.send("PUT", path, body | {"expected_updated_at": NOW.isoformat()})
        assert (stale.status_code, stale.json()["type"]) == (409, "/problems/out-of-date/")
        seen = {"expected_updated_at": api.get(path).json()["updated_at"]}
        assert api.send("PUT", path, body | seen).status_code == 200
        assert api.send("PUT", path, body | {"expected_updated_at": "yesterday"}).status_code == 400

    def test_a_deletion_is_guarded_too(self, api: Api, path: str, body: dict[str, Any]) -> None:
        seen = api.get(path).headers["ETag"]
        assert api.send("PUT", path, body).status_code == 200
        assert api.send("DELETE", path, If_Match=seen).status_code == 412
        assert api.get(path).status_code == 200


class TestFusionsSchedule:
    PATH, BODY = "jobs/task:ping/schedule/", {"triggers": [{"type": "cron", "expression": "0 0 4 * * ?"}]}

    def test_its_second_writer_is_told_by_if_match(self, api: Api) -> None:
        seen = api.get(self.PATH).headers["ETag"]
        first = api.send("PUT", self.PATH, self.BODY, If_Match=seen)
        assert (first.status_code, api.send("PUT", self.PATH, self.BODY, If_Match=seen).status_code) == (200, 412)
        assert api.send("PUT", self.PATH, self.BODY, If_Match=first.headers["ETag"]).status_code == 200

    def test_the_first_schedule_of_a_job_is_guarded_too(self, api: Api) -> None:
        seen = api.get("jobs/task:ping/").headers["ETag"]
        assert api.send("PUT", "jobs/task:ping/", PING).status_code == 200
        assert api.send("PUT", self.PATH, self.BODY, If_Match=seen).status_code == 412
        assert api.get(self.PATH).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"name": "New"}),
        ("members/olga/", {"role": "viewer"}),
        ("secrets/key/", {"value": "new"}),
        ("service-accounts/ci/", {"role": "viewer"}),
    ],
)
def test_what_has_no_version_refuses_to_be_guarded_by_one(api: Api, workspace: Workspace, path: str, body: Any) -> None:
    owner = Api(make_user("olga", workspace=workspace, role=Role.OWNER))
    method = "PATCH" if "accounts" in path else "PUT"
    refused = owner.send(method, path, body, If_Match='"1"')
    assert (refused.status_code, "has no version" in refused.json()["detail"]) == (412, True)
    assert owner.send("DELETE" if path else "PUT", path, body, If_Match='W/"abc"').status_code == 412
    assert owner.send(method, path, body, If_Match="*").status_code != 412


class TestDeletingAJob:
    def test_takes_expected_updated_at_in_its_query(self, api: Api) -> None:
        path = "jobs/task:ping/"
        seen = api.get(path).json()["updated_at"]
        assert api.send("DELETE", f"{path}?expected_updated_at=2026-11-21T12:00:00Z").status_code == 409
        assert Job.objects.exists()
        assert api.send("DELETE", f"{path}?expected_updated_at={seen}").status_code == 204


class TestWhoHasItAlready:
    @everything
    def test_is_not_sent_it_again(self, api: Api, path: str, body: dict[str, Any]) -> None:
        seen = api.get(path).headers["ETag"]
        again = api.send("GET", path, If_None_Match=f'"other", {seen}')
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", seen)
        api.send("PUT", path, body)
        assert api.send("GET", path, If_None_Match=seen).status_code == 200

    def test_is_sent_what_is_told_beside_a_document_once_that_changes(self, api: Api) -> None:
        seen = api.get("jobs/task:ping/").headers["ETag"]
        make_run(Job.objects.get(), "q")
        changed = api.send("GET", "jobs/task:ping/", If_None_Match=seen)
        assert (changed.status_code, changed.json()["version"]) == (200, 1)
        assert api.send("PUT", "jobs/task:ping/", PING, If_Match=seen).status_code == 200

    def test_may_ask_so_for_a_run_until_it_changes(self, api: Api) -> None:
        run = make_run(Job.objects.get(), "q")
        seen = api.get(f"runs/{run.pk}/").headers["ETag"]
        assert api.send("GET", f"runs/{run.pk}/", If_None_Match=seen).status_code == 304
        Run.objects.update(comment="changed")
        assert api.send("GET", f"runs/{run.pk}/", If_None_Match=seen).status_code == 200

    def test_other_fields_are_another_answer(self, api: Api) -> None:
        seen = api.get("jobs/task:ping/", fields="key").headers["ETag"]
        assert api.send("GET", "jobs/task:ping/?fields=key", If_None_Match=seen).status_code == 304
        assert api.send("GET", "jobs/task:ping/", If_None_Match=seen).status_code == 200


class TestTheAdminsForm:
    def test_checks_the_version_that_the_person_saw(self, api: Api, workspace: Workspace) -> None:
        group = ConcurrencyGroup.objects.get()
        browser = signed_in(make_user("ed", workspace=workspace, role=Role.EDITOR, is_staff=True))
        address = f"/admin/jobs/concurrencygroup/{group.pk}/change/"
        assert '<input type="hidden" name="version" value="1"' in browser.get(address).content.decode()
        api.send("PUT", "groups/host/", {"limit": 9})
        refused = browser.post(address, {"limit": "6", "version": "1"})
        assert "was changed by somebody else" in refused.content.decode()
        assert browser.post(address, {"limit": "6", "version": "2"}).status_code == 302
        group.refresh_from_db()
        assert (group.limit, group.version) == (6, 3)
