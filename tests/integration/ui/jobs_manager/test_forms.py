"""Adding and changing jobs by forms."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Role, Workspace
from jobs.services.jobs import save_job
from jobs.states import JobState
from sinks.services.naming import MUST_BE_NEW, save_sink
from tests.integration.people import make_job, make_user, make_workspace, signed_in

pytestmark = pytest.mark.django_db
HTTP = {
    "name": "check",
    "payload_index": "0",
    "p0-kind": "http",
    "p0-others": "{}",
    "p0-x-url": "https://example.com/",
    "p0-x-method": "GET",
}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return signed_in(make_user("edda", workspace=workspace, role=Role.EDITOR))


def add(client: Client, kind: str, fields: dict[str, Any]) -> Any:
    return client.post(f"/ui/w/acme/jobs/new/{kind}/", fields)


def errors(answer: Any) -> dict[str, str]:
    """What stands beside which field, by its id; and above the form as an empty name."""
    page = answer.content.decode()
    found = dict(re.findall(r'<p class="error" id="id_([^"]+)_error">([^<]*)</p>', page))
    above = re.findall(r'role="alert"><p>([^<]*)</p>', page)
    return found | ({"": " ".join(above)} if above else {})


class TestChoosing:
    def test_add_asks_for_the_type_first(self, client: Client) -> None:
        page = client.get("/ui/w/acme/jobs/new/").content.decode()
        for kind in ("http", "generate", "log_cleanup", "spark", "datasource"):
            assert f"/ui/w/acme/jobs/new/{kind}/" in page

    def test_there_is_no_form_for_what_is_no_kind(self, client: Client) -> None:
        assert client.get("/ui/w/acme/jobs/new/nonsense/").status_code == 404

    @pytest.mark.parametrize("kind", ["http", "generate", "log_cleanup", "spark", "datasource"])
    def test_each_kind_has_a_form(self, client: Client, kind: str) -> None:
        page = client.get(f"/ui/w/acme/jobs/new/{kind}/").content.decode()
        assert f'name="p0-kind" value="{kind}"' in page


class TestAdding:
    def test_an_http_job_is_saved_as_typed(self, client: Client) -> None:
        typed = HTTP | {
            "description": "calls them",
            "tags": "nightly, partners",
            "maximum_attempts": "5",
            "initial_interval": "2s",
            "backoff_coefficient": "2",
            "timeout": "30s",
            "p0-name": "one",
            "p0-x-headers": '{"X-A": "1"}',
            "configuration": '{"priority": 3}',
        }
        answer = add(client, "http", typed)
        assert answer.status_code == 302, errors(answer)
        job = Job.objects.get()
        assert (job.key, job.description, job.tags, job.state) == (
            "task:check",
            "calls them",
            ["nightly", "partners"],
            JobState.ACTIVE,
        )
        assert job.configuration["retry"] == {
            "maximum_attempts": 5,
            "initial_interval": "2s",
            "backoff_coefficient": 2.0,
        }
        assert (job.configuration["timeout"], job.configuration["priority"]) == ("30s", 3)
        [payload] = job.payload
        assert payload["name"] == "one"
        assert payload["parameters"]["url"] == "https://example.com/"
        assert payload["parameters"]["headers"] == {"X-A": "1"}

    def test_a_log_cleanup_is_saved(self, client: Client) -> None:
        typed = {
            "name": "old",
            "payload_index": "0",
            "p0-kind": "log_cleanup",
            "p0-x-days": "7",
            "p0-x-dry_run": "true",
        }
        answer = add(client, "log_cleanup", typed)
        assert answer.status_code == 302, errors(answer)
        assert Job.objects.get().payload[0]["parameters"] == {"days": 7, "dry_run": True}

    def test_several_payloads_keep_their_order(self, client: Client) -> None:
        second = {f"p7{name[2:]}": value for name, value in HTTP.items() if name.startswith("p0")}
        typed = HTTP | second | {"payload_index": ["0", "7"], "p0-name": "a", "p7-name": "b"}
        assert add(client, "http", typed).status_code == 302
        assert [each["name"] for each in Job.objects.get().payload] == ["a", "b"]

    def test_a_draft_is_not_active(self, client: Client) -> None:
        add(client, "http", HTTP | {"draft": "1"})
        assert Job.objects.get().state == JobState.DRAFT

    @pytest.mark.parametrize(
        ("field", "value", "beside"),
        [
            ("name", "", "name"),
            ("name", "with space", "name"),
            ("p0-x-url", "", "p0-x-url"),
            ("p0-x-url", "ftp://x", "p0-x-url"),
            ("p0-x-headers", "[", "p0-x-headers"),
            ("p0-x-headers", '{"a b": "1"}', "p0-x-headers"),
            ("p0-x-max_response_bytes", "many", "p0-x-max_response_bytes"),
            ("maximum_attempts", "none", "maximum_attempts"),
            ("maximum_attempts", "0", "maximum_attempts"),
            ("initial_interval", "soon", "initial_interval"),
            ("backoff_coefficient", "0.5", "backoff_coefficient"),
            ("timeout", "soon", "timeout"),
            ("max_concurrent_requests", "0", "max_concurrent_requests"),
            ("configuration", "[", "configuration"),
            ("configuration", '{"nonsense": 1}', "configuration"),
            ("configuration", "[1]", "configuration"),
            ("sinks", '[{"sink": "nowhere"}]', "sinks"),
            ("sinks", "{", "sinks"),
            ("metadata", "[1]", "metadata"),
            ("tags", "x" * 101, "tags"),
            ("description", "x" * 2001, "description"),
        ],
    )
    def test_a_wrong_value_is_told_beside_its_field_and_nothing_typed_is_lost(
        self, client: Client, field: str, value: str, beside: str
    ) -> None:
        answer = add(client, "http", HTTP | {"description": "kept words", field: value})
        assert answer.status_code == 422
        assert beside in errors(answer), errors(answer)
        if field != "description":
            assert "kept words" in answer.content.decode()
        assert not Job.objects.exists()

    def test_all_that_is_wrong_is_told_at_once_and_once(self, client: Client) -> None:
        typed = {"name": "with space", "timeout": "soon", "configuration": "[", "p0-x-url": "", "p0-x-headers": "["}
        answer = add(client, "http", HTTP | typed)
        told = errors(answer)
        assert set(told) == {"name", "timeout", "configuration", "p0-x-url", "p0-x-headers"}
        assert told["name"].startswith("expected 1 to 127 letters, digits")
        assert answer.content.decode().count('_error">') == len(told)

    def test_what_is_wrong_with_a_sink_is_told_beside_the_sinks(self, client: Client) -> None:
        sinks = [{"name": "one", "kind": "log", "configuration": {}}] * 2
        told = errors(add(client, "http", HTTP | {"sinks": json.dumps(sinks)}))
        assert set(told) == {"sinks"}
        assert "sinks.1.name" in told["sinks"]

    def test_a_key_that_is_taken_is_told(self, client: Client, workspace: Workspace) -> None:
        make_job(workspace, "task:check")
        answer = add(client, "http", HTTP)
        assert answer.status_code == 422
        assert "exists already" in errors(answer).get("", "")

    def test_a_copy_begins_with_the_others_document(self, client: Client, workspace: Workspace) -> None:
        make_job(workspace, "task:ping", description="the first")
        page = client.get("/ui/w/acme/jobs/new/http/?from=task:ping").content.decode()
        assert 'value="ping-copy"' in page
        assert 'value="the first"' in page

    def test_its_schedules_come_along_disabled(self, client: Client, workspace: Workspace) -> None:
        triggers = [{"type": "cron", "expression": "0 6 * * *"}]
        make_job(workspace, "task:ping", schedules=[{"triggers": triggers}])
        address = "/ui/w/acme/jobs/new/http/?from=task:ping"
        assert "Its schedule comes along, disabled" in client.get(address).content.decode()
        assert client.post(address, HTTP | {"name": "ping-copy"}).status_code == 302
        (entry,) = Job.objects.get(name="ping-copy").schedules
        assert (entry["enabled"], entry["triggers"]) == (False, triggers)


class TestViews:
    def test_forms_become_json_and_nothing_typed_is_lost(self, client: Client) -> None:
        answer = add(client, "http", HTTP | {"other_view": "1", "p0-name": "one"})
        page = answer.content.decode()
        assert 'name="view" value="json"' in page
        assert "https://example.com/" in page
        assert 'value="check"' in page
        assert not Job.objects.exists()

    def test_json_becomes_forms(self, client: Client) -> None:
        payload = [{"kind": "http", "name": "one", "parameters": {"url": "https://example.com/"}}]
        typed = {"name": "check", "view": "json", "payload": json.dumps(payload), "other_view": "1"}
        page = add(client, "http", typed).content.decode()
        assert 'name="p0-x-url" value="https://example.com/"' in page

    def test_a_job_is_saved_from_json(self, client: Client) -> None:
        payload = [{"kind": "http", "parameters": {"url": "https://example.com/"}}] * 3
        assert add(client, "http", {"name": "check", "view": "json", "payload": json.dumps(payload)}).status_code == 302
        assert len(Job.objects.get().payload) == 3

    def test_what_is_wrong_in_json_is_told_with_its_path(self, client: Client) -> None:
        payload = [{"kind": "http", "parameters": {}}]
        answer = add(client, "http", {"name": "check", "view": "json", "payload": json.dumps(payload)})
        assert "payload.0.parameters.url" in errors(answer)["payload"]

    def test_no_form_is_left_out_however_many_there_are(self, client: Client) -> None:
        typed = {"name": "check", "payload_index": [str(at) for at in range(25)]}
        for at in range(25):
            typed |= {f"p{at}-{name}": value for name, value in (("kind", "http"), ("others", "{}"))}
            typed |= {f"p{at}-x-url": f"https://example.com/{at}", f"p{at}-x-method": "GET"}
        assert add(client, "http", typed).status_code == 302
        urls = [each["parameters"]["url"] for each in Job.objects.get().payload]
        assert urls == [f"https://example.com/{at}" for at in range(25)]

    @pytest.mark.parametrize(
        "unreadable", [{"configuration": "{not json"}, {"sinks": "[1,"}, {"p0-x-headers": "{not json"}]
    )
    def test_what_cannot_be_read_is_not_lost_by_another_view(self, client: Client, unreadable: dict[str, str]) -> None:
        answer = add(client, "http", HTTP | {"other_view": "1"} | unreadable)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert next(iter(unreadable.values())) in page
        assert 'name="view" value="json"' not in page
        assert "mend first what cannot be read" in errors(answer)[""]

    def test_what_stands_in_a_form_that_was_refused_is_not_taken_for_saved(self, client: Client) -> None:
        assert "data-guard data-unsaved" not in client.get("/ui/w/acme/jobs/new/http/").content.decode()
        for sent in (HTTP | {"p0-x-url": ""}, HTTP | {"other_view": "1"}):
            assert "data-guard data-unsaved" in add(client, "http", sent).content.decode()

    def test_a_long_list_is_edited_as_json(self, client: Client, workspace: Workspace) -> None:
        make_job(workspace, "task:long", payloads=50)
        assert 'name="view" value="json"' in client.get("/ui/w/acme/jobs/task:long/edit/").content.decode()


class TestEditing:
    @pytest.fixture
    def job(self, workspace: Workspace) -> Job:
        document = {
            "key": "task:check",
            "payload": [{"kind": "http", "parameters": {"url": "https://example.com/"}, "timeout": "5s"}],
            "configuration": {"retry": {"maximum_attempts": 2}, "priority": 4},
            "schedules": [{"triggers": [{"type": "cron", "expression": "0 0 * ? * *"}]}],
            "metadata": {"owner": "us"},
        }
        return save_job(workspace=workspace, document=document, actor="test")

    def fields(self, job: Job) -> dict[str, str]:
        return {name: value for name, value in HTTP.items() if name != "name"} | {
            "version": str(job.version),
            "p0-others": '{"timeout": "5s"}',
            "maximum_attempts": "2",
            "configuration": '{"priority": 4}',
            "metadata": '{"owner": "us"}',
        }

    def test_the_form_shows_what_the_job_says(self, client: Client, job: Job) -> None:
        page = client.get("/ui/w/acme/jobs/task:check/edit/").content.decode()
        assert 'name="p0-x-url" value="https://example.com/"' in page
        assert 'name="maximum_attempts" value="2"' in page
        assert "&quot;priority&quot;: 4" in page

    def test_saving_what_was_shown_changes_nothing(self, client: Client, job: Job) -> None:
        before = job.document()
        answer = client.post("/ui/w/acme/jobs/task:check/edit/", self.fields(job))
        assert answer.status_code == 302, errors(answer)
        job.refresh_from_db()
        assert (job.document()["schedules"], job.document()["payload"][0]["timeout"]) == (before["schedules"], "5s")
        assert job.configuration["priority"] == 4

    def test_the_second_of_two_editors_is_told_and_loses_nothing(self, client: Client, job: Job) -> None:
        seen = self.fields(job)
        client.post("/ui/w/acme/jobs/task:check/edit/", seen | {"description": "the first"})
        answer = client.post("/ui/w/acme/jobs/task:check/edit/", seen | {"description": "the second"})
        assert answer.status_code == 409
        assert "Somebody changed this job" in errors(answer)[""]
        assert 'value="the second"' in answer.content.decode()
        job.refresh_from_db()
        assert job.description == "the first"

    def test_who_saves_again_after_being_told_replaces_it(self, client: Client, job: Job) -> None:
        seen = self.fields(job)
        client.post("/ui/w/acme/jobs/task:check/edit/", seen | {"description": "the first"})
        page = client.post("/ui/w/acme/jobs/task:check/edit/", seen | {"description": "the second"}).content.decode()
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version is not None
        client.post("/ui/w/acme/jobs/task:check/edit/", seen | {"description": "x", "version": version[1]})
        job.refresh_from_db()
        assert job.description == "x"


class TestParts:
    def test_one_more_payload_has_its_own_number(self, client: Client) -> None:
        page = client.get("/ui/w/acme/jobs/form/payload/http/?n=4").content.decode()
        assert 'name="p4-x-url"' in page

    def test_waits_are_drawn_as_they_are_typed(self, client: Client) -> None:
        query = "maximum_attempts=4&initial_interval=10s&backoff_coefficient=2&maximum_interval=30s"
        page = client.get(f"/ui/w/acme/jobs/form/waits/?{query}").content.decode()
        assert [words in page for words in ("10 s", "20 s", "30 s", "1 m")] == [True] * 4

    def test_what_is_no_policy_yet_says_so(self, client: Client) -> None:
        page = client.get("/ui/w/acme/jobs/form/waits/?initial_interval=soon").content.decode()
        assert "no retry policy yet" in page

    @pytest.mark.parametrize(("button", "entry"), [({}, '"sink": "log"'), ({"copy": "1"}, '"kind": "log"')])
    def test_a_sink_of_the_workspace_is_used_or_copied(
        self, client: Client, workspace: Workspace, button: dict[str, str], entry: str
    ) -> None:
        save_sink(workspace=workspace, document={"name": "log", "kind": "log"}, actor="t", expected_version=MUST_BE_NEW)
        typed = {"sinks": '[{"kind": "log", "name": "mine"}]', "known_sink": "log", **button}
        page = client.post("/ui/w/acme/jobs/form/add-sink/", typed).content.decode().replace("&quot;", '"')
        assert entry in page
        assert '"name": "mine"' in page

    def test_what_is_wrong_with_the_entries_is_told_and_they_stay(self, client: Client) -> None:
        page = client.post("/ui/w/acme/jobs/form/add-sink/", {"sinks": "[", "known_sink": "log"}).content.decode()
        assert 'class="error"' in page

    def test_a_test_of_what_is_no_sink_says_why(self, client: Client) -> None:
        page = client.post("/ui/w/acme/jobs/form/test-sinks/", {"sinks": '[{"kind": "nonsense"}]'}).content.decode()
        assert "FAILED" in page

    @pytest.mark.parametrize("path", ["waits/", "payload/http/"])
    def test_parts_are_for_editors(self, workspace: Workspace, path: str) -> None:
        viewer = signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))
        assert viewer.get(f"/ui/w/acme/jobs/form/{path}").status_code == 403


class TestSinks:
    def test_a_job_with_a_sink_of_its_own_is_saved_and_shown(self, client: Client) -> None:
        answer = add(client, "http", HTTP | {"sinks": '[{"kind": "log", "name": "notes"}]'})
        assert answer.status_code == 302, errors(answer)
        assert "notes" in client.get("/ui/w/acme/jobs/task:check/").content.decode()
