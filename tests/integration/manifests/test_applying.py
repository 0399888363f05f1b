"""Plans, and what applying them does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from jobs.models import ConcurrencyGroup, Event, Job, Origin, Run, Workspace
from jobs.services.jobs import save_job
from jobs.services.runs import start_run
from jobs.states import Trigger
from manifests.management.commands import jobs_plan
from manifests.services import applying
from scheduler.models import Schedule
from sinks.models import Rule, Sink
from tests.integration.manifests.files import EVERYTHING, PING, actions, command, planned, write
from tests.integration.people import make_job, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In which the commands run: paths in messages are short, and sources have names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    return tmp_path / "jobs"


def counted() -> list[int]:
    """How many rows there are of what plans must not write."""
    return [model.objects.count() for model in (Job, Sink, Rule, ConcurrencyGroup, Schedule, Event, Origin)]


class TestPlan:
    def test_it_says_what_would_be_and_writes_nothing(
        self, folder: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        write(folder, "all.yaml", EVERYTHING)
        before = counted()
        with django_capture_on_commit_callbacks() as called:
            code, plan = planned("jobs")
        assert code == 2
        assert set(actions(plan).values()) == {"create"}
        assert list(actions(plan)) == [
            "concurrency_group partner.example.org",
            "sink lake",
            "job task:before",
            "job datasource:arrivals",
            "job task:after",
            "notice_rule tell",
        ]
        assert counted() == before
        assert called == []

    def test_a_change_is_told_field_by_field_and_secrets_are_hidden(self, folder: Path, workspace: Workspace) -> None:
        call = {"kind": "http", "parameters": {"url": "http://a.example/", "headers": {"Authorization": "Bearer x"}}}
        save_job(workspace=workspace, document={"key": "task:a", "payload": [call]}, actor="api")
        write(folder, "a.yaml", "{key: task:a, payload: [{kind: http, parameters: {url: 'http://b.example/'}}]}")
        code, plan = planned("jobs", unmanaged=True)
        assert code == 2
        assert plan["objects"][0]["changes"] == [
            {"field": "payload.0.parameters.url", "before": "http://a.example/", "after": "http://b.example/"},
            {"field": "payload.0.parameters.headers", "before": {"Authorization": "***"}},
        ]

    def test_people_read_lines_and_the_digest(self, folder: Path, workspace: Workspace) -> None:
        make_job(workspace, "task:ping")
        write(folder, "ping.yaml", PING + "---\nkey: task:new\npayload: [{kind: noop}]\n")
        code, printed = command("jobs_plan", "jobs")
        lines = printed.splitlines()
        assert code == 2
        assert lines[0] == "change     job task:ping  (jobs/ping.yaml, document 1)"
        assert '             description: "" -> "says hello"' in lines
        assert '             source: "jobs"' in lines
        assert "create     job task:new  (jobs/ping.yaml, document 2)" in lines
        assert lines[-2] == "1 create, 1 change, 0 delete, 0 unchanged"
        assert lines[-1].startswith("plan ")

    def test_a_new_jobs_schedules_are_named_with_it(self, folder: Path) -> None:
        hourly = "{triggers: [{type: every, every: 1h}]}"
        write(folder, "new.yaml", PING + f"schedules: [{hourly}, {hourly[:-1]}, name: late}}]\n")
        lines = command("jobs_plan", "jobs")[1].splitlines()
        assert lines[:2] == [
            "create     job task:ping  (jobs/new.yaml, document 1)",
            "             with its schedules: default, late",
        ]

    def test_all_that_the_database_has_against_it_is_told_at_once(self, folder: Path) -> None:
        write(folder, "a.yaml", PING)
        write(folder, "b.yaml", "key: task:b\npayload: []")
        write(
            folder,
            "c.yaml",
            """
key: task:c
payload: [{kind: noop}]
configuration:
  concurrency_group: gone
---
key: task:d
payload: [{kind: http, parameters: {url: "http://a.example/", auth: {bearer: {secret: unknown}}}}]
sinks: [{sink: gone}]
---
{manifest: notice_rule, name: tell, sink: gone}
---
{manifest: schedule, job: task:nobody, triggers: [{type: every, every: 1h}]}
""",
        )
        code, printed = command("jobs_plan", "jobs", json=True)
        errors = json.loads(printed)["errors"]
        assert code == 1
        assert [(each["file"], each["document"], each["object"], each["field"]) for each in errors] == [
            ("jobs/b.yaml", 1, "job task:b", "payload"),
            ("jobs/c.yaml", 1, "job task:c", "configuration.concurrency_group"),
            ("jobs/c.yaml", 2, "job task:d", "payload.0.parameters"),
            ("jobs/c.yaml", 2, "job task:d", "sinks.0.sink"),
            ("jobs/c.yaml", 3, "notice_rule tell", "sink"),
            ("jobs/c.yaml", 4, "schedule task:nobody/default", "job"),
        ]
        assert [each["line"] for each in errors] == [2, 5, 8, 9, 11, 13]
        assert not Job.objects.exists()

    def test_people_are_told_why_on_the_error_stream(self, folder: Path) -> None:
        write(folder, "b.yaml", "key: task:b\npayload: [{kind: nope}]")
        with pytest.raises(
            CommandError, match=r"nothing was changed:\njobs/b.yaml, document 1, line 2, payload"
        ) as told:
            command("jobs_plan", "jobs")
        assert told.value.returncode == 1

    def test_nothing_to_do_ends_with_0(self, folder: Path) -> None:
        write(folder, "ping.yaml", PING)
        command("jobs_apply", "jobs")
        code, plan = planned("jobs")
        assert (code, actions(plan)) == (0, {"job task:ping": "unchanged"})

    def test_wrong_usage_does_not_end_with_the_code_of_changes(self, folder: Path) -> None:
        with pytest.raises(CommandError, match="--unmanaged has no source"):
            command("jobs_plan", "jobs", unmanaged=True, prune=True)
        with pytest.raises(CommandError, match="say with --source"):
            command("jobs_plan", "jobs", "jobs")
        parser = jobs_plan.Command().create_parser("manage.py", "jobs_plan")
        parser.called_from_command_line = True
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(["acme"])
        assert ended.value.code == 1
        Workspace.objects.update(slug="other")
        with pytest.raises(CommandError, match="create_workspace acme"):
            command("jobs_plan", "jobs")


class TestApply:
    def test_everything_is_there_then_unchanged(self, folder: Path) -> None:
        write(folder, "all.yaml", EVERYTHING)
        assert command("jobs_apply", "jobs")[0] == 0
        before, versions = counted(), list(Job.objects.order_by("pk").values_list("version", "updated_at"))
        origins = list(Origin.objects.order_by("pk").values_list("pk", "applied_at"))
        code, printed = command("jobs_apply", "jobs")
        assert (code, printed.splitlines()[-1]) == (0, "0 created, 0 changed, 0 deleted, 6 unchanged")
        assert counted() == before
        assert list(Job.objects.order_by("pk").values_list("version", "updated_at")) == versions
        assert list(Origin.objects.order_by("pk").values_list("pk", "applied_at")) == origins
        assert Job.objects.get(name="after").watched

    def test_one_refused_document_keeps_all_the_others_out(self, folder: Path) -> None:
        write(folder, "a.yaml", EVERYTHING)
        write(folder, "b.yaml", "key: task:b\npayload: [{kind: noop}]\nsinks: [{sink: gone}]")
        before = counted()
        with pytest.raises(CommandError, match=r"job task:b, sinks\.0\.sink: the workspace has no sink named 'gone'"):
            command("jobs_apply", "jobs")
        assert counted() == before

    def test_one_that_dies_before_its_end_has_done_nothing(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def die(*_: object) -> None:
            raise SystemExit(9)

        write(folder, "all.yaml", EVERYTHING)
        before = counted()
        monkeypatch.setattr(applying, "_keep_origins", die)
        assert command("jobs_apply", "jobs")[0] == 9
        assert counted() == before

    def test_runs_and_their_history_are_left_alone(self, folder: Path) -> None:
        write(folder, "ping.yaml", PING)
        command("jobs_apply", "jobs")
        run_id = start_run(job=Job.objects.get(), trigger=Trigger.MANUAL, actor="me")
        before = Run.objects.filter(pk=run_id).values().get()
        write(folder, "ping.yaml", PING.replace("hello", "good bye"))
        assert (
            command("jobs_apply", "jobs")[1].splitlines()[0] == "changed    job task:ping  (jobs/ping.yaml, document 1)"
        )
        assert (Job.objects.get().version, Job.objects.get().description) == (2, "says good bye")
        assert Run.objects.filter(pk=run_id).values().get() == before

    def test_jobs_that_wait_for_each_other_are_written_in_the_order_that_is_needed(self, folder: Path) -> None:
        def waiting(name: str, other: str) -> str:
            schedule = f"{{triggers: [{{type: job, jobs: ['task:{other}']}}]}}"
            first = f"{{key: task:{name}, payload: [{{kind: noop}}], schedules: [{schedule}]}}"
            return f"{first}\n---\n{{key: task:{other}, payload: [{{kind: noop}}]}}"

        write(folder, "a.yaml", waiting("a", "b"))
        assert command("jobs_apply", "jobs")[0] == 0
        write(folder, "a.yaml", waiting("b", "a"))
        assert command("jobs_apply", "jobs")[0] == 0
        assert [len(job.schedules) for job in Job.objects.order_by("name")] == [0, 1]

    def test_a_circle_of_jobs_is_refused(self, folder: Path) -> None:
        for name, other in (("a", "b"), ("b", "a")):
            schedule = f"{{triggers: [{{type: job, jobs: ['task:{other}']}}]}}"
            write(folder, f"{name}.yaml", f"{{key: task:{name}, payload: [{{kind: noop}}], schedules: [{schedule}]}}")
        with pytest.raises(CommandError, match="nothing was changed"):
            command("jobs_apply", "jobs")
        assert not Job.objects.exists()

    def test_a_job_that_requires_a_sink_which_answers_cannot_come_with_that_sink(self, folder: Path) -> None:
        write(
            folder,
            "a.yaml",
            "{manifest: sink, name: lake, kind: log}\n---\n"
            "{key: task:a, payload: [{kind: noop}], sinks: [{sink: lake}], configuration: {requires: {sinks_reachable: true}}}",
        )
        with pytest.raises(CommandError, match=r"sinks\.0\.sink: is new, and cannot be asked before it is there"):
            command("jobs_apply", "jobs")


class TestExpect:
    def test_the_plan_that_was_reviewed_is_applied(self, folder: Path) -> None:
        write(folder, "ping.yaml", PING)
        digest = planned("jobs")[1]["digest"]
        assert command("jobs_apply", "jobs", expect=digest)[0] == 0
        assert Job.objects.exists()

    def test_other_files_are_refused(self, folder: Path) -> None:
        write(folder, "ping.yaml", PING)
        digest = planned("jobs")[1]["digest"]
        write(folder, "ping.yaml", PING.replace("hello", "good bye"))
        with pytest.raises(CommandError, match="not the plan that was reviewed"):
            command("jobs_apply", "jobs", expect=digest)
        assert not Job.objects.exists()

    @pytest.mark.parametrize("edited", ["description", "priority"])
    def test_an_object_that_somebody_changed_meanwhile_is_refused(
        self, folder: Path, workspace: Workspace, edited: str
    ) -> None:
        make_job(workspace, "task:ping", description="before")
        write(folder, "ping.yaml", PING)
        digest = planned("jobs")[1]["digest"]
        parts: dict[str, dict[str, Any]] = {
            "description": {"description": "other"},
            "priority": {"configuration": {"priority": 1}},
        }
        make_job(workspace, "task:ping", **parts[edited])
        with pytest.raises(CommandError, match="not the plan that was reviewed"):
            command("jobs_apply", "jobs", expect=digest)
        assert Job.objects.get().tags == []

    def test_a_plan_with_prune_is_another_one(self, folder: Path) -> None:
        write(folder, "ping.yaml", PING)
        assert planned("jobs")[1]["digest"] != planned("jobs", prune=True)[1]["digest"]


class TestPrune:
    def test_only_what_came_from_this_source_is_deleted(self, folder: Path, workspace: Workspace) -> None:
        write(folder, "all.yaml", EVERYTHING)
        command("jobs_apply", "jobs")
        write(folder.parent, "other.yaml", "{key: task:other, payload: [{kind: noop}]}")
        command("jobs_apply", "other.yaml")
        make_job(workspace, "task:by-hand")
        write(folder, "all.yaml", PING)
        assert actions(planned("jobs")[1]) == {"job task:ping": "create"}
        code, plan = planned("jobs", prune=True)
        assert code == 2
        assert list(actions(plan).items()) == [
            ("job task:ping", "create"),
            ("notice_rule tell", "delete"),
            ("job datasource:arrivals", "delete"),
            ("job task:after", "delete"),
            ("job task:before", "delete"),
            ("sink lake", "delete"),
            ("concurrency_group partner.example.org", "delete"),
        ]
        command("jobs_apply", "jobs", prune=True)
        assert sorted(Job.objects.values_list("name", flat=True)) == ["by-hand", "other", "ping"]
        assert sorted(Origin.objects.values_list("name", flat=True)) == ["task:other", "task:ping"]
        assert planned("jobs", prune=True)[0] == 0

    def test_what_cannot_be_deleted_is_told_and_keeps_the_rest(self, folder: Path, workspace: Workspace) -> None:
        write(folder, "sink.yaml", "{manifest: sink, name: lake, kind: log}")
        command("jobs_apply", "jobs")
        make_job(workspace, "task:uses", sinks=[{"sink": "lake"}])
        write(folder, "sink.yaml", PING)
        with pytest.raises(CommandError, match="sink lake: the sink lake is used by task:uses"):
            command("jobs_apply", "jobs", prune=True)
        assert not Job.objects.filter(name="ping").exists()


class TestSchedulesAlone:
    ALONE = "{manifest: schedule, job: task:ping, name: nightly, triggers: [{type: cron, expression: '0 0 3 * * ?'}]}"

    def test_one_is_added_changed_and_deleted_beside_others(self, folder: Path, workspace: Workspace) -> None:
        job = make_job(workspace, schedules=[{"name": "own", "triggers": [{"type": "every", "every": "1h"}]}])
        write(folder, "a.yaml", self.ALONE)
        assert command("jobs_apply", "jobs")[0] == 0
        assert planned("jobs")[0] == 0
        write(folder, "a.yaml", self.ALONE.replace("0 0 3", "0 0 4"))
        assert command("jobs_apply", "jobs")[0] == 0
        job.refresh_from_db()
        assert [(each["name"], each["triggers"][0]) for each in job.schedules] == [
            ("own", {"type": "every", "every": "1h"}),
            ("nightly", {"type": "cron", "expression": "0 0 4 * * ?"}),
        ]
        write(folder, "a.yaml", "{manifest: concurrency_group, name: g}")
        assert command("jobs_apply", "jobs", prune=True)[0] == 0
        assert [each.name for each in Schedule.objects.all()] == ["own"]
        assert [each.kind for each in Origin.objects.all()] == ["concurrency_group"]

    def test_the_file_of_its_job_does_not_take_it_away(self, folder: Path) -> None:
        write(folder, "ping.yaml", PING)
        command("jobs_apply", "jobs")
        write(folder.parent, "alone.yaml", self.ALONE)
        assert command("jobs_apply", "alone.yaml")[0] == 0
        write(folder, "ping.yaml", PING.replace("hello", "good bye"))
        assert command("jobs_apply", "jobs")[0] == 0
        assert [each.name for each in Schedule.objects.all()] == ["nightly"]
        assert planned("jobs")[0] == planned("alone.yaml")[0] == 0

    def test_it_may_move_into_the_file_of_its_job(self, folder: Path) -> None:
        write(folder, "ping.yaml", PING)
        command("jobs_apply", "jobs")
        write(folder.parent, "alone.yaml", self.ALONE)
        command("jobs_apply", "alone.yaml", source="jobs")
        write(folder, "alone.yaml", self.ALONE)
        assert planned("jobs", prune=True)[0] == 0
        command("jobs_apply", "jobs")
        assert [each.kind for each in Origin.objects.all()] == ["job"]
        (folder / "alone.yaml").unlink()
        command("jobs_apply", "jobs")
        assert not Schedule.objects.exists()


def test_plans_and_applies_take_no_more_queries_for_what_is_unchanged(
    folder: Path, django_assert_max_num_queries: object
) -> None:
    """Ten jobs that are unchanged are compared in as many queries as one."""
    write(folder, "one.yaml", PING)
    command("jobs_apply", "jobs")
    one = _queries_of_a_plan()
    many = "\n---\n".join(f"{{key: task:n{number}, payload: [{{kind: noop}}]}}" for number in range(10))
    write(folder, "one.yaml", many)
    command("jobs_apply", "jobs")
    assert _queries_of_a_plan() == one


def _queries_of_a_plan() -> int:
    seen: list[str] = []

    def count(execute: object, sql: str, *rest: object) -> object:
        seen.append(sql)
        return execute(sql, *rest)  # type: ignore[operator]

    with connection.execute_wrapper(count):
        assert planned("jobs")[0] == 0
    return len(seen)
