"""Rules and notices in the API."""

from __future__ import annotations

import pytest

from jobs.models import Role, Workspace
from sinks.models import Delivery, Rule, Sink
from sinks.services.naming import save_sink
from tests.integration.people import Api, make_user, make_workspace
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver
from workers.noticing import tell

ON_CALL = {"name": "on-call", "sink": "pager", "events": ["failed", "recovered"], "jobs": {"tags": ["nightly"]}}


@pytest.fixture
def workspace(transactional_db: None, target: Target) -> Workspace:
    return make_workspace()


@pytest.fixture
def pager(workspace: Workspace) -> Sink:
    return save_sink(workspace=workspace, document={"name": "pager", "kind": "obedient"}, actor="ann")


@pytest.fixture
def editor(workspace: Workspace, pager: Sink) -> Api:
    return Api(make_user("editor", workspace=workspace, role=Role.EDITOR))


class TestWriting:
    def test_a_rule_is_created_once_and_shown_with_what_was_left_out(self, editor: Api) -> None:
        made = editor.post("notice-rules/", ON_CALL)
        location = "http://testserver/api/v1/workspaces/acme/notice-rules/on-call/"
        assert (made.status_code, made["ETag"], made["Location"]) == (201, '"1"', location)
        shown = editor.get("notice-rules/on-call/").json()
        assert (shown["in_a_row"], shown["late_after"], shown["enabled"], shown["digest"]) == (1, "5m", True, None)
        assert editor.post("notice-rules/", ON_CALL).status_code == 409

    def test_an_answer_that_was_edited_is_a_body(self, editor: Api) -> None:
        editor.post("notice-rules/", ON_CALL)
        body = editor.get("notice-rules/on-call/").json()
        answer = editor.send("PUT", "notice-rules/on-call/", body | {"in_a_row": 3})
        assert (answer.status_code, answer.json()["in_a_row"], answer.json()["version"]) == (200, 3, 2)
        assert editor.send("PUT", "notice-rules/on-call/", body | {"in_a_row": 4}).status_code == 409
        assert editor.send("PUT", "notice-rules/on-call/", ON_CALL, If_Match='"1"').status_code == 412

    def test_the_same_again_changes_nothing(self, editor: Api) -> None:
        editor.post("notice-rules/", ON_CALL)
        assert editor.send("PUT", "notice-rules/on-call/", ON_CALL).json()["version"] == 1

    def test_a_sink_that_is_not_there_is_told_with_its_field(self, editor: Api) -> None:
        answer = editor.post("notice-rules/", ON_CALL | {"sink": "sea"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "sink")

    def test_a_rule_cannot_be_renamed(self, editor: Api) -> None:
        editor.post("notice-rules/", ON_CALL)
        answer = editor.send("PUT", "notice-rules/on-call/", ON_CALL | {"name": "x"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "name")

    def test_one_is_deleted_by_whoever_saw_it(self, editor: Api) -> None:
        editor.post("notice-rules/", ON_CALL)
        assert editor.send("DELETE", "notice-rules/on-call/", If_Match='"7"').status_code == 412
        assert editor.send("DELETE", "notice-rules/on-call/").status_code == 204
        assert not Rule.objects.exists()

    def test_a_viewer_reads_and_does_not_write(self, editor: Api, workspace: Workspace) -> None:
        editor.post("notice-rules/", ON_CALL)
        viewer = Api(make_user("viewer", workspace=workspace, role=Role.VIEWER))
        assert viewer.get("notice-rules/on-call/").status_code == 200
        assert viewer.post("notice-rules/", ON_CALL | {"name": "x"}).status_code == 403
        assert viewer.send("DELETE", "notice-rules/on-call/").status_code == 403

    def test_another_workspaces_rule_is_not_there(self, editor: Api) -> None:
        editor.post("notice-rules/", ON_CALL)
        other = Api(make_user("o", workspace=make_workspace("other"), role=Role.OWNER), workspace="other")
        assert other.get("notice-rules/on-call/").status_code == 404


class TestReading:
    def test_a_page_holds_the_rules_by_name(self, editor: Api) -> None:
        for name in ("c", "a", "b"):
            editor.post("notice-rules/", ON_CALL | {"name": name})
        first = editor.get("notice-rules/", limit=2).json()
        assert [each["name"] for each in first["results"]] == ["a", "b"]
        rest = editor.client.get(first["next"], headers=editor.headers).json()
        assert [each["name"] for each in rest["results"]] == ["c"]

    def test_notices_say_what_became_of_them(self, editor: Api, target: Target) -> None:
        editor.post("notice-rules/", {"name": "now", "sink": "pager"})
        editor.post("notice-rules/", {"name": "later", "sink": "pager", "digest": "1h"})
        editor.post("notice-rules/", {"name": "quiet", "sink": "pager", "quiet": "1h"})
        job = make_job()
        runs = [end_run(job, failed=[1]) for _ in range(2)]
        tell()
        deliver()
        found = editor.get("notices/").json()["results"]
        states = {(each["rule"], each["run"]): each["state"] for each in found}
        first, second = (run.pk for run in runs)
        assert states == {
            ("now", first): "delivered",
            ("now", second): "delivered",
            ("later", first): "waiting",
            ("later", second): "waiting",
            ("quiet", first): "delivered",
            ("quiet", second): "kept_back",
        }
        assert [each["id"] for each in found] == sorted((each["id"] for each in found), reverse=True)
        assert len(editor.get("notices/", rule="later").json()["results"]) == 2
        assert len(editor.get("notices/", run=first).json()["results"]) == 3
        assert len(editor.get("notices/", job="task:ping").json()["results"]) == 6
        assert len(editor.get("notices/", event="run.failed").json()["results"]) == 6
        assert editor.get("notices/", event="run.late").json()["results"] == []
        oldest = editor.get("notices/", order="id", limit=1, fields="id,run").json()
        assert oldest["results"] == [{"id": found[-1]["id"], "run": found[-1]["run"]}]
        assert editor.client.get(oldest["next"], headers=editor.headers).json()["results"][0]["id"] == found[-2]["id"]
        made = found[0]["created_at"]
        assert editor.get("notices/", since=made).json()["results"] == [x for x in found if x["created_at"] >= made]
        assert editor.get("notices/", until=made).json()["results"] == [x for x in found if x["created_at"] < made]

    def test_their_deliveries_are_read_and_made_again_as_others_are(
        self, editor: Api, pager: Sink, target: Target
    ) -> None:
        editor.post("notice-rules/", {"name": "now", "sink": "pager"})
        end_run(make_job(), failed=[1])
        tell()
        deliver()
        [shown] = editor.get("deliveries/", sink="pager").json()["results"]
        told = {name: shown[name] for name in ("state", "rule", "sink", "run", "job", "payloads")}
        assert told == {"state": "delivered", "rule": "now", "sink": "pager", "run": None, "job": None, "payloads": 1}
        delivery = Delivery.objects.get()
        assert editor.get(f"deliveries/{delivery.pk}/").json()["failed_attempts"] == []
        assert editor.post(f"deliveries/{delivery.pk}/redeliver/").status_code == 202
        other = Api(make_user("o", workspace=make_workspace("other"), role=Role.OWNER), workspace="other")
        assert other.get(f"deliveries/{delivery.pk}/").status_code == 404
        editor.send("DELETE", "notice-rules/now/")
        assert editor.get(f"deliveries/{delivery.pk}/").json()["rule"] is None
