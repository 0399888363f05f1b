"""The pages of notifications: rules by a form, what was told, by whom it may be changed, and how many queries that takes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Origin, Role, Workspace
from sinks.models import Delivery, Notice, Rule, Sink
from sinks.services import checking
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from tests.integration.people import make_job, make_user, make_workspace, signed_in

pytestmark = pytest.mark.django_db
HERE = "/ui/w/acme/notifications/"
TYPED = {
    "name": "on-call",
    "description": "",
    "enabled": "on",
    "events": ["failed", "recovered", "stuck"],
    "in_a_row": "2",
    "late_after": "5m",
    "stuck_after": "2h",
    "job_types": ["task"],
    "job_tags": "nightly, shop",
    "job_keys": "",
    "sink": "pager",
    "quiet": "1h",
    "digest": "",
}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def pager(workspace: Workspace) -> Sink:
    return save_sink(workspace=workspace, document={"name": "pager", "kind": "log"}, actor="ann")


def browser(workspace: Workspace, role: Role = Role.EDITOR) -> Client:
    return signed_in(make_user(f"some-{role}", workspace=workspace, role=role))


def make_rule(workspace: Workspace, name: str = "on-call", **said: Any) -> Rule:
    return save_rule(workspace=workspace, document={"name": name, "sink": "pager", **said}, actor="ann")


def make_notice(rule: Rule, number: int = 1, *, state: str = "", **columns: Any) -> Notice:
    """A notice; with a state, in a delivery of that state."""
    if state:
        ends: dict[str, Any] = {"due_at": rule.created_at} if state == "due" else {"ended_at": rule.created_at}
        ends |= {"bytes": 9} if state == "delivered" else {"error": {"message": "no"}}
        delivery = Delivery.objects.create(
            rule=rule,
            workspace_id=rule.workspace_id,
            sink_id=rule.sink_id,
            first_position=0,
            last_position=0,
            payloads=1,
            state=state,
            **ends,
        )
        columns["delivery_id"] = delivery.pk
    document = {"rule": rule.name, "subject": f"task:ping failed ({number})", "text": "Run 7 failed.\nReason: no"}
    return Notice.objects.create(
        workspace_id=rule.workspace_id,
        rule=rule,
        key=f"run.failed:{number}",
        event="run.failed",
        job_id=columns.pop("job_id", 1),
        document=document,
        **columns,
    )


def text(client: Client, path: str = "", status: int = 200) -> str:
    answer = client.get(HERE + path)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def error_beside(page: str, field: str) -> str:
    """The error that stands with a field; empty for none."""
    found = re.search(rf'id="id_{field}_error">(.*?)</p>', page, re.DOTALL)
    return found.group(1).strip() if found else ""


class TestList:
    def test_each_rule_says_of_what_it_tells_and_what_it_told_last(self, workspace: Workspace, pager: Sink) -> None:
        rule = make_rule(workspace, jobs={"tags": ["nightly"]}, in_a_row=3, description="Wakes ada")
        make_notice(rule, 1, state="dead")
        make_notice(rule, 2, state="delivered")
        make_rule(workspace, "quiet", enabled=False)
        page = text(browser(workspace, Role.VIEWER))
        for words in ("on-call", "Wakes ada", "tags: nightly", "after 3 failures in a row", "DELIVERED", "all jobs"):
            assert words in page
        assert "task:ping failed (2)" in page
        assert "task:ping failed (1)" not in page
        assert page.count("<span>DISABLED</span>") == 1

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("search=CALL", {"on-call"}),
            ("search=wakes", {"silent"}),
            ("enabled=no", {"silent"}),
            ("enabled=yes", {"on-call"}),
            ("event=late", {"silent"}),
            ("sink=pager", {"on-call", "silent"}),
            ("sink=other", set()),
            ("enabled=perhaps", set()),
        ],
    )
    def test_filters(self, workspace: Workspace, pager: Sink, query: str, names: set[str]) -> None:
        make_rule(workspace)
        make_rule(workspace, "silent", enabled=False, events=["late"], description="wakes nobody")
        page = text(browser(workspace, Role.VIEWER), f"?{query}")
        assert {name for name in ("on-call", "silent") if f"/rules/{name}/" in page} == names

    def test_an_empty_one_says_what_to_do_first(self, workspace: Workspace) -> None:
        editor = browser(workspace)
        assert "this workspace has none yet" in text(editor)
        save_sink(workspace=workspace, document={"name": "pager", "kind": "log"}, actor="ann")
        page = text(editor)
        assert "this workspace has none yet" not in page
        assert page.count(f'href="{HERE}new/"') == 2
        assert f'href="{HERE}new/"' not in text(browser(workspace, Role.VIEWER))

    def test_the_number_of_queries_does_not_grow(self, workspace: Workspace, pager: Sink) -> None:
        client = browser(workspace, Role.VIEWER)
        make_notice(make_rule(workspace, "r1"), state="delivered")
        text(client)
        with CaptureQueriesContext(connection) as few:
            text(client)
        for number in range(2, 12):
            rule = make_rule(workspace, f"r{number}")
            for count in range(3):
                make_notice(rule, count, state="delivered")
        with CaptureQueriesContext(connection) as many:
            text(client)
        assert len(many) == len(few) <= 10

    def test_another_workspaces_are_not_there(self, workspace: Workspace, pager: Sink) -> None:
        make_notice(make_rule(workspace))
        theirs = make_workspace("globex")
        client = signed_in(make_user("eve", workspace=theirs, role=Role.OWNER))
        answer = client.get("/ui/w/globex/notifications/sent/?rule=on-call")
        assert "task:ping failed" not in answer.content.decode()
        assert client.get("/ui/w/globex/notifications/rules/on-call/").status_code == 404
        assert client.get(HERE).status_code == 404


class TestForm:
    def test_a_rule_is_created_as_typed(self, workspace: Workspace, pager: Sink) -> None:
        answer = browser(workspace).post(f"{HERE}new/", TYPED)
        assert answer.headers["Location"] == f"{HERE}rules/on-call/"
        document = Rule.objects.get().document
        assert document["events"] == ["failed", "recovered", "stuck"]
        assert document["jobs"] == {"types": ["task"], "tags": ["nightly", "shop"]}
        assert (document["in_a_row"], document["quiet"], document["stuck_after"]) == (2, "1h", "2h")
        assert "digest" not in document

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("name", "", "expected a letter or digit"),
            ("name", "on call", "expected"),
            ("sink", "", "Choose the sink"),
            ("sink", "sea", "sea is not one of"),
            ("in_a_row", "many", "whole number"),
            ("in_a_row", "0", "at least 1"),
            ("late_after", "soon", "expected"),
            ("stuck_after", "-1", "negative"),
            ("quiet", "now", "expected"),
            ("digest", "never", "expected"),
        ],
    )
    def test_what_is_wrong_is_said_beside_its_field(
        self, workspace: Workspace, pager: Sink, field: str, value: str, words: str
    ) -> None:
        answer = browser(workspace).post(f"{HERE}new/", TYPED | {field: value})
        assert answer.status_code == 422
        page = answer.content.decode()
        assert words in error_beside(page, field), error_beside(page, field)
        assert not Rule.objects.exists()

    @pytest.mark.parametrize("events", [[], ["recovered"]])
    def test_so_are_events_that_make_no_sense(self, workspace: Workspace, pager: Sink, events: list[str]) -> None:
        answer = browser(workspace).post(f"{HERE}new/", TYPED | {"events": events})
        page = answer.content.decode()
        part = page[page.index("Tell of") : page.index("Failures in a row")]
        assert (answer.status_code, 'class="error"' in part) == (422, True)

    def test_a_name_that_is_taken_is_refused(self, workspace: Workspace, pager: Sink) -> None:
        make_rule(workspace, in_a_row=7)
        answer = browser(workspace).post(f"{HERE}new/", TYPED)
        assert "exists already" in answer.content.decode()
        assert Rule.objects.get().document["in_a_row"] == 7

    def test_the_form_of_a_rule_begins_as_it_stands_and_saving_changes_what_was_typed(
        self, workspace: Workspace, pager: Sink
    ) -> None:
        rule = make_rule(workspace, jobs={"keys": ["task:a", "task:b"]}, digest="15m", events=["late"])
        client = browser(workspace)
        page = text(client, "rules/on-call/edit/")
        assert 'value="task:a, task:b"' in page
        assert 'value="15m"' in page
        typed = TYPED | {"job_types": [], "job_tags": "", "job_keys": "task:a", "version": str(rule.version)}
        assert client.post(f"{HERE}rules/on-call/edit/", typed).status_code == 302
        rule.refresh_from_db()
        assert (rule.document["jobs"], rule.version) == ({"keys": ["task:a"]}, 2)

    @pytest.mark.parametrize("version", ["1", "", "x"])
    def test_who_was_slower_than_somebody_else_changes_nothing(
        self, workspace: Workspace, pager: Sink, version: str
    ) -> None:
        make_rule(workspace)
        make_rule(workspace, in_a_row=9)
        answer = browser(workspace).post(f"{HERE}rules/on-call/edit/", TYPED | {"version": version})
        assert answer.status_code == 422
        assert "changed by somebody else" in answer.content.decode()
        assert Rule.objects.get().document["in_a_row"] == 9

    def test_a_new_one_may_begin_with_a_job(self, workspace: Workspace, pager: Sink) -> None:
        assert 'value="task:ping"' in text(browser(workspace), "new/?job=task:ping")


class TestDoing:
    def test_a_rule_is_disabled_enabled_and_deleted(self, workspace: Workspace, pager: Sink) -> None:
        rule = make_rule(workspace, in_a_row=3)
        make_notice(rule)
        client = browser(workspace)
        assert "not told later" in text(client, "rules/on-call/disable/")
        client.post(f"{HERE}rules/on-call/disable/")
        rule.refresh_from_db()
        assert (rule.enabled, rule.document["in_a_row"]) == (False, 3)
        client.post(f"{HERE}rules/on-call/enable/")
        rule.refresh_from_db()
        assert rule.enabled
        assert client.post(f"{HERE}rules/on-call/delete/").headers["Location"] == HERE
        assert not Rule.objects.exists()
        assert Notice.objects.exists()

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_only_editors_write(self, workspace: Workspace, pager: Sink, role: Role) -> None:
        make_rule(workspace)
        client = browser(workspace, role)
        pages = text(client) + text(client, "rules/on-call/")
        for path in (
            "new/",
            *(f"rules/on-call/{verb}/" for verb in ("edit", "enable", "disable", "delete", "release")),
        ):
            assert f'"{HERE}{path}"' not in pages
            assert client.get(HERE + path).status_code == 403
            assert client.post(HERE + path, TYPED | {"version": "1"}).status_code == 403
        assert Rule.objects.get().version == 1

    def test_what_a_file_keeps_is_changed_there_until_it_is_released(self, workspace: Workspace, pager: Sink) -> None:
        rule = make_rule(workspace)
        Origin.objects.create(
            workspace=workspace, kind="notice_rule", name=rule.name, source="git", path="rules.yaml", applied_by="ci"
        )
        client = browser(workspace)
        pages = text(client) + text(client, "rules/on-call/")
        assert "rules.yaml" in pages
        for verb in ("edit", "disable", "delete"):
            assert f"/rules/on-call/{verb}/" not in pages
            client.post(f"{HERE}rules/on-call/{verb}/", TYPED | {"version": "1"})
        rule.refresh_from_db()
        assert rule.version == 1
        client.post(f"{HERE}rules/on-call/release/", {"note": "by hand from now on"})
        assert not Origin.objects.exists()
        assert "/rules/on-call/edit/" in text(client, "rules/on-call/")

    def test_an_operator_has_the_sink_tested_and_a_viewer_does_not(
        self, workspace: Workspace, pager: Sink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_rule(workspace)

        def answered(*, check: Any, seconds: float) -> Any:
            type(check).objects.filter(pk=check.pk).update(taken_at=check.created_at)
            checking.end(check=check, now=check.created_at, result={"message": "it is a log"})
            check.refresh_from_db()
            return check

        monkeypatch.setattr(checking, "wait", answered)
        said = browser(workspace, Role.OPERATOR).post(f"{HERE}rules/on-call/test/").content.decode()
        assert "it is a log" in said
        viewer = browser(workspace, Role.VIEWER)
        assert viewer.post(f"{HERE}rules/on-call/test/").status_code == 403
        assert "/test/" not in text(viewer, "rules/on-call/")


class TestNotices:
    def test_each_is_shown_with_its_outcome(self, workspace: Workspace, pager: Sink) -> None:
        rule = make_rule(workspace)
        make_notice(rule, 1, state="delivered", run_id=77)
        make_notice(rule, 2, state="dead")
        make_notice(rule, 3)
        make_notice(rule, 4, send_at=rule.created_at)
        page = text(browser(workspace, Role.VIEWER), "sent/")
        for words in ("DELIVERED", "DEAD", "KEPT BACK", "WAITING", "Reason: no", "/ui/w/acme/runs/77/"):
            assert words in page
        assert page.index("failed (4)") < page.index("failed (1)")

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("rule=on-call", {1, 2}),
            ("rule=unknown", set()),
            ("job=task:ping", {2}),
            ("job=task:unknown", set()),
            ("run=77", {1}),
            ("run=x", set()),
            ("after=1x", set()),
        ],
    )
    def test_filters(self, workspace: Workspace, pager: Sink, query: str, numbers: set[int]) -> None:
        job, rule = make_job(workspace), make_rule(workspace)
        make_notice(rule, 1, run_id=77, job_id=job.pk + 1)
        make_notice(rule, 2, job_id=job.pk)
        make_notice(make_rule(workspace, "other"), 3, job_id=job.pk + 1)
        page = text(browser(workspace, Role.VIEWER), f"sent/?{query}")
        assert {number for number in (1, 2, 3) if f"failed ({number})" in page} == numbers

    def test_the_number_of_queries_does_not_grow(self, workspace: Workspace, pager: Sink) -> None:
        client, rule = browser(workspace, Role.VIEWER), make_rule(workspace)
        make_notice(rule, 1, state="delivered")
        text(client, "sent/")
        with CaptureQueriesContext(connection) as few:
            text(client, "sent/")
        for number in range(2, 30):
            make_notice(rule, number, state="delivered")
        with CaptureQueriesContext(connection) as many:
            text(client, "sent/")
        assert len(many) == len(few)
