"""Objects that came from a file: they say so, are edited there alone, and can be released."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.urls import reverse

from jobs.models import AuditEntry, ConcurrencyGroup, Event, Job, Origin, Role, Workspace
from jobs.services.runs import start_run
from jobs.states import Trigger
from scheduler.models import Schedule
from sinks.models import Rule, Sink
from tests.integration.manifests.files import EVERYTHING, actions, command, planned, write
from tests.integration.people import Api, make_job, make_user, make_workspace, signed_in

pytestmark = pytest.mark.django_db

ALONE = "{manifest: schedule, job: task:by-hand, name: nightly, triggers: [{type: every, every: 1h}]}"
PATHS = {
    "job task:before": "jobs/task:before/",
    "sink lake": "sinks/lake/",
    "concurrency_group partner.example.org": "groups/partner.example.org/",
    "notice_rule tell": "notice-rules/tell/",
    "schedule task:by-hand/nightly": "jobs/task:by-hand/schedules/nightly/",
}
ROWS: dict[str, Callable[[], Any]] = {
    "job task:before": lambda: Job.objects.get(name="before"),
    "sink lake": lambda: Sink.objects.get(name="lake"),
    "concurrency_group partner.example.org": ConcurrencyGroup.objects.get,
    "notice_rule tell": Rule.objects.get,
    "schedule task:by-hand/nightly": lambda: Schedule.objects.get(job__name="by-hand"),
}
CHANGES: dict[str, dict[str, Any]] = {
    "job task:before": {"description": "by hand"},
    "sink lake": {"description": "by hand"},
    "concurrency_group partner.example.org": {"limit": 9},
    "notice_rule tell": {"description": "by hand"},
    "schedule task:by-hand/nightly": {"notes": "by hand"},
}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """One whose objects of each kind are kept in files; the schedule's job is not."""
    monkeypatch.chdir(tmp_path)
    workspace = make_workspace()
    make_job(workspace, "task:by-hand")
    write(tmp_path, "all.yaml", EVERYTHING + "---\n" + ALONE)
    command("jobs_apply", "all.yaml")
    return workspace


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("ann", workspace=workspace, role=Role.EDITOR))


def release(api: Api, thing: str) -> Any:
    kind, _, name = thing.partition(" ")
    return api.post("origins/release/", {"kind": kind, "name": name, "note": "I take it over"})


class TestApi:
    @pytest.mark.parametrize("thing", PATHS)
    def test_an_object_says_where_it_is_kept(self, api: Api, thing: str) -> None:
        kind, _, name = thing.partition(" ")
        origin = api.get(PATHS[thing]).json()["origin"]
        assert (origin["kind"], origin["name"]) == (kind, name)
        assert (origin["source"], origin["path"]) == ("all.yaml", "all.yaml")
        assert origin["applied_by"]
        assert len(origin["digest"]) == 64

    def test_an_object_that_is_kept_nowhere_says_so(self, api: Api) -> None:
        assert api.get("jobs/task:by-hand/").json()["origin"] is None

    @pytest.mark.parametrize("guarded", [False, True])
    @pytest.mark.parametrize("thing", PATHS)
    def test_a_change_elsewhere_is_a_409_that_says_why_and_what_to_do(
        self, api: Api, thing: str, guarded: bool
    ) -> None:
        seen = api.get(PATHS[thing])
        headers = {"If-Match": seen["ETag"]} if guarded and "ETag" in seen else {}
        answer = api.send("PUT", PATHS[thing], {**seen.json(), **CHANGES[thing]}, **headers)
        assert answer.status_code == 409
        assert f"the {thing} is kept in the file all.yaml of the source 'all.yaml'" in answer.json()["detail"]
        assert "release it first" in answer.json()["detail"]
        assert api.get(PATHS[thing]).json() == seen.json()

    @pytest.mark.parametrize("thing", PATHS)
    def test_deleting_it_is_a_409_as_well(self, api: Api, thing: str) -> None:
        assert api.send("DELETE", PATHS[thing]).status_code == 409
        assert ROWS[thing]()

    @pytest.mark.parametrize("thing", [thing for thing in PATHS if not thing.startswith("schedule ")])
    def test_writing_what_it_says_already_is_no_change(self, api: Api, thing: str) -> None:
        seen = api.get(PATHS[thing]).json()
        assert api.send("PUT", PATHS[thing], seen).status_code == 200

    def test_a_schedule_of_a_job_that_is_kept_is_kept_with_it(self, api: Api) -> None:
        path = "jobs/task:before/schedules/nightly/"
        assert api.get(path).json()["origin"]["kind"] == "job"
        assert api.send("PATCH", path, {"notes": "by hand"}).status_code == 409
        more = {"name": "more", "triggers": [{"type": "every", "every": "1h"}]}
        assert api.post("jobs/task:before/schedules/", more).status_code == 409

    def test_the_job_of_a_schedule_that_came_alone_may_be_changed_but_for_that_schedule(self, api: Api) -> None:
        seen = api.get("jobs/task:by-hand/").json()
        assert api.send("PUT", "jobs/task:by-hand/", {**seen, "description": "mine"}).status_code == 200
        answer = api.send("PUT", "jobs/task:by-hand/", {**api.get("jobs/task:by-hand/").json(), "schedules": []})
        assert answer.status_code == 409
        assert "schedule task:by-hand/nightly is kept" in answer.json()["detail"]
        assert api.send("DELETE", "jobs/task:by-hand/").status_code == 409

    def test_pausing_triggering_and_the_like_stay_allowed(self, api: Api) -> None:
        assert api.post("jobs/task:before/trigger/", {}).status_code == 202
        assert api.post("jobs/task:before/pause/", {}).status_code == 200
        assert api.post("jobs/task:before/resume/", {}).status_code == 200
        assert api.post("jobs/task:before/schedules/nightly/pause/", {}).status_code == 200
        assert planned("all.yaml")[0] == 0

    @pytest.mark.parametrize("thing", PATHS)
    def test_what_is_released_may_be_changed_and_its_file_takes_it_back(self, api: Api, thing: str) -> None:
        before = planned("all.yaml")[1]
        assert release(api, thing).status_code == 204
        seen = api.get(PATHS[thing]).json()
        assert seen["origin"] is None
        assert api.send("PUT", PATHS[thing], {**seen, **CHANGES[thing]}).status_code == 200
        code, plan = planned("all.yaml")
        assert code == 2
        assert actions(plan) == {**actions(before), thing: "change"}
        event = Event.objects.get(kind=f"{thing.partition(' ')[0]}.released")
        assert (event.actor, event.data["source"], event.data["note"]) == ("ann", "all.yaml", "I take it over")

    @pytest.mark.parametrize("thing", PATHS)
    def test_who_releases_it_is_in_the_audit_once(self, api: Api, thing: str) -> None:
        release(api, thing)
        entry = AuditEntry.objects.get(action=f"{thing.partition(' ')[0]}.released")
        told = {**(entry.data or {}), **(entry.after or {})}
        assert (entry.actor, told["note"], told["source"]) == ("ann", "I take it over", "all.yaml")

    def test_what_is_kept_nowhere_cannot_be_released(self, api: Api) -> None:
        assert release(api, "job task:by-hand").status_code == 404
        assert api.post("origins/release/", {"kind": "job"}).status_code == 400

    def test_releasing_takes_an_editor(self, workspace: Workspace) -> None:
        operator = Api(make_user("bob", workspace=workspace, role=Role.OPERATOR))
        assert release(operator, "job task:before").status_code == 403
        assert Origin.objects.filter(name="task:before").exists()

    def test_all_that_is_kept_is_listed_by_source_a_page_at_a_time(self, api: Api, tmp_path: Path) -> None:
        write(tmp_path, "other.yaml", "{manifest: concurrency_group, name: g}")
        command("jobs_apply", "other.yaml")
        assert [each["name"] for each in api.get("origins/", source="other.yaml").json()["results"]] == ["g"]
        first = api.get("origins/", limit=5).json()
        assert len(first["results"]) == 5
        rest = api.client.get(first["next"], headers=api.headers).json()["results"]
        names = [each["name"] for each in [*first["results"], *rest]]
        assert len(names) == len(set(names)) == Origin.objects.count()

    def test_another_workspace_sees_and_releases_nothing_of_it(self, workspace: Workspace) -> None:
        other = make_workspace("other")
        stranger = Api(make_user("eve", workspace=other, role=Role.OWNER), workspace="other")
        assert stranger.get("origins/").json()["results"] == []
        assert release(stranger, "job task:before").status_code == 404
        assert Origin.objects.filter(name="task:before").exists()


class TestOtherSources:
    def test_files_of_another_source_are_refused(self, tmp_path: Path) -> None:
        write(tmp_path, "mine.yaml", "{key: task:before, payload: [{kind: noop}]}")
        with pytest.raises(CommandError, match=r"job task:before is kept in all\.yaml of the source 'all.yaml'"):
            command("jobs_apply", "mine.yaml")
        with pytest.raises(CommandError, match=r"is kept in all\.yaml"):
            command("jobs_apply", "mine.yaml", unmanaged=True)
        assert Job.objects.get(name="before").version == 1

    def test_one_that_is_released_can_be_taken_over(self, tmp_path: Path) -> None:
        write(tmp_path, "mine.yaml", "{key: task:before, payload: [{kind: noop}]}")
        command("jobs_release", "task:before")
        command("jobs_apply", "mine.yaml")
        assert Origin.objects.get(name="task:before").source == "mine.yaml"

    def test_what_is_applied_unmanaged_is_kept_nowhere(self, tmp_path: Path) -> None:
        write(tmp_path, "mine.yaml", "{key: task:free, payload: [{kind: noop}]}")
        command("jobs_apply", "mine.yaml", unmanaged=True)
        assert not Origin.objects.filter(name="task:free").exists()
        assert planned("mine.yaml", unmanaged=True)[0] == 0
        code, plan = planned("mine.yaml")
        assert code == 2
        assert plan["objects"][0]["changes"] == [{"field": "source", "after": "mine.yaml"}]
        command("jobs_apply", "mine.yaml")
        assert (Job.objects.get(name="free").version, planned("mine.yaml")[0]) == (1, 0)

    def test_the_command_releases_other_kinds_and_tells_what_is_kept_nowhere(self) -> None:
        assert command("jobs_release", "lake", kind="sink") == (0, "released   sink lake\n")
        with pytest.raises(CommandError, match="no sink 'lake' of acme is kept in a file"):
            command("jobs_release", "lake", kind="sink")


ADMIN = {
    "job task:before": "jobs_job",
    "sink lake": "sinks_sink",
    "concurrency_group partner.example.org": "jobs_concurrencygroup",
    "notice_rule tell": "sinks_rule",
    "schedule task:by-hand/nightly": "scheduler_schedule",
}


class TestAdmin:
    @pytest.mark.parametrize("thing", ADMIN)
    def test_it_can_be_read_with_the_reason_and_not_written(self, workspace: Workspace, thing: str) -> None:
        browser = signed_in(make_user("ann", workspace=workspace, role=Role.EDITOR, is_staff=True))
        address = reverse(f"admin:{ADMIN[thing]}_change", args=[ROWS[thing]().pk])
        shown = browser.get(address).content.decode()
        assert f"The {thing} is kept in the file all.yaml" in shown
        assert "_save" not in shown
        assert browser.post(address, {}).status_code == 403

    @pytest.mark.parametrize("thing", ADMIN)
    def test_it_is_released_by_a_button(self, workspace: Workspace, thing: str) -> None:
        browser = signed_in(make_user("ann", workspace=workspace, role=Role.EDITOR, is_staff=True))
        pk = ROWS[thing]().pk
        address = reverse(f"admin:{ADMIN[thing]}_change", args=[pk])
        button = reverse(f"admin:{ADMIN[thing]}_release", args=[pk])
        assert button in browser.get(address).content.decode()
        assert browser.get(button).status_code == 200
        assert browser.post(button, {"note": "mine now"}).headers["Location"] == address
        assert "_save" in browser.get(address).content.decode()
        assert Event.objects.get(kind__endswith=".released").data["note"] == "mine now"
        assert browser.get(button).status_code == 404

    def test_who_may_only_read_is_told_and_has_no_button(self, workspace: Workspace) -> None:
        browser = signed_in(make_user("bob", workspace=workspace, role=Role.VIEWER, is_staff=True))
        pk = ROWS["job task:before"]().pk
        shown = browser.get(reverse("admin:jobs_job_change", args=[pk])).content.decode()
        assert "is kept in the file" in shown
        button = reverse("admin:jobs_job_release", args=[pk])
        assert button not in shown
        assert browser.post(button, {"note": ""}).status_code == 404
        assert Origin.objects.filter(name="task:before").exists()


def test_a_job_that_is_deleted_by_its_file_takes_its_origins_with_it(workspace: Workspace, tmp_path: Path) -> None:
    write(tmp_path, "all.yaml", "{manifest: concurrency_group, name: partner.example.org}")
    start_run(job=Job.objects.get(name="by-hand"), trigger=Trigger.MANUAL, actor="me")
    command("jobs_apply", "all.yaml", prune=True)
    assert [str(each) for each in Origin.objects.all()] == ["concurrency_group partner.example.org from all.yaml"]
