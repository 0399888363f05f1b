"""The Scheduler in the admin: the list, a schedule's page, its buttons and its form."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
import yaml
from django.test import Client

from jobs.models import Event, Job, Role, Run, Workspace
from jobs.services.jobs import save_job
from jobs.states import JobState
from scheduler.admin.controls import VERBS
from scheduler.models import Fire, Schedule
from scheduler.states import Reason, ScheduleState
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import make_run
from tests.integration.schedule_rows import (
    HOURLY,
    NEVER_AGAIN,
    entries,
    make_fire,
    make_schedule,
    make_skip,
    put_due,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/scheduler/schedule/"
DAILY: dict[str, Any] = {"name": "default", "triggers": [{"type": "cron", "expression": "30 6 * * *"}]}


def page(schedule: Schedule) -> str:
    return f"{LIST}{schedule.pk}/change/"


def words(response: Any) -> str:
    """What a page says, without its tags."""
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def errors(response: Any) -> list[str]:
    """What stands beside the definition."""
    found: list[str] = response.context["adminform"].form.errors["text"]
    return found


class TestList:
    def test_it_says_when_each_runs_what_comes_next_and_what_was_decided_last(
        self, viewer: Client, schedule: Schedule
    ) -> None:
        put_due(schedule, dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(minutes=56, seconds=30))
        make_skip(schedule, detail="its former run had not ended")
        told = words(viewer.get(LIST))
        assert "task:ping" in told
        assert "Monday to Friday" in told
        assert "in 56 m" in told
        assert "skipped its former run had not ended" in told

    def test_what_comes_next_stands_first(self, viewer: Client, workspace: Workspace) -> None:
        later, sooner, never = (make_schedule(workspace, f"task:{name}") for name in ("a", "b", "c"))
        now = dt.datetime.now(dt.UTC)
        put_due(later, now + dt.timedelta(hours=2))
        put_due(sooner, now + dt.timedelta(hours=1))
        Schedule.objects.filter(pk=never.pk).update(next_fire_at=None, next_run_at=None)
        rows = viewer.get(LIST).context["cl"].result_list
        assert [row.pk for row in rows] == [sooner.pk, later.pk, never.pk]

    def test_one_that_is_late_says_by_how_much_and_can_be_filtered_for(
        self, viewer: Client, workspace: Workspace
    ) -> None:
        late, punctual = make_schedule(workspace, "task:late"), make_schedule(workspace, "task:punctual")
        now = dt.datetime.now(dt.UTC)
        put_due(late, now - dt.timedelta(minutes=3))
        put_due(punctual, now - dt.timedelta(milliseconds=200))
        assert words(viewer.get(LIST)).count("late 3 m") == 1
        rows = viewer.get(LIST, {"late": "yes"}).context["cl"].result_list
        assert [row.pk for row in rows] == [late.pk]

    @pytest.mark.parametrize("typed", ["task:pi", "ping", "nightly", "task:ping nightly"])
    def test_it_is_searched_by_the_jobs_key_and_by_name(self, viewer: Client, workspace: Workspace, typed: str) -> None:
        make_schedule(workspace, "task:other")
        found = make_schedule(workspace, "task:ping", name="nightly")
        rows = viewer.get(LIST, {"q": typed}).context["cl"].result_list
        assert [row.pk for row in rows] == [found.pk]

    def test_a_schedule_that_cannot_be_read_does_not_break_the_page(self, viewer: Client, schedule: Schedule) -> None:
        Schedule.objects.update(document=schedule.document | {"timezone": "Atlantis"})
        assert "Cannot be read: timezone" in words(viewer.get(LIST))
        assert "Cannot be read: timezone" in words(viewer.get(page(schedule)))

    def test_those_of_other_workspaces_are_not_there(self, schedule: Schedule, stranger: Client) -> None:
        assert "task:ping" not in words(stranger.get(LIST))
        assert stranger.get(page(schedule)).status_code == 302

    def test_it_takes_the_same_number_of_queries_however_long_it_is(
        self, viewer: Client, workspace: Workspace, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(12):
            make_fire(make_schedule(workspace, f"task:t{number}"))
        with django_assert_max_num_queries(9):
            viewer.get(LIST)


class TestActions:
    @pytest.fixture
    def two(self, workspace: Workspace) -> list[Schedule]:
        return [make_schedule(workspace, "task:one"), make_schedule(workspace, "task:two")]

    def choose(self, client: Client, action: str, schedules: list[Schedule], **typed: str) -> Any:
        chosen = [schedule.pk for schedule in schedules]
        return client.post(LIST, {"action": action, "_selected_action": chosen, **typed}, follow=True)

    def test_it_asks_first_and_names_what_was_selected(self, operator: Client, two: list[Schedule]) -> None:
        told = words(self.choose(operator, "pause_selected", two))
        assert (
            "You selected schedule default of task:one; schedule default of task:two. It starts no runs until" in told
        )
        assert Schedule.objects.filter(state=ScheduleState.ACTIVE).count() == 2

    def test_pause_and_resume_say_who_and_why(self, operator: Client, two: list[Schedule]) -> None:
        told = words(self.choose(operator, "pause_selected", two, confirmed="yes", note="the supplier is away"))
        assert "Schedule default of task:one is paused." in told
        assert "Schedule default of task:two is paused." in told
        change = Schedule.objects.filter(state=ScheduleState.PAUSED).values_list("state_change", flat=True)
        assert [(each["actor"], each["note"]) for each in change if each] == [("olga", "the supplier is away")] * 2
        self.choose(operator, "resume_selected", two, confirmed="yes")
        assert Schedule.objects.filter(state=ScheduleState.ACTIVE).count() == 2

    def test_run_now_and_skip_next(self, operator: Client, two: list[Schedule]) -> None:
        assert "was run by hand: run" in words(self.choose(operator, "run_selected", two, confirmed="yes", note="look"))
        assert list(Run.objects.values_list("comment", flat=True)) == ["look", "look"]
        assert "will not run at" in words(self.choose(operator, "skip_selected", two, confirmed="yes"))
        assert all(Schedule.objects.values_list("skips", flat=True))

    def test_one_that_cannot_be_done_says_why_and_the_others_are_done(
        self, operator: Client, two: list[Schedule], workspace: Workspace
    ) -> None:
        ended = make_schedule(workspace, "task:over", **NEVER_AGAIN)
        told = words(self.choose(operator, "pause_selected", [*two, ended], confirmed="yes"))
        assert "Schedule default of task:over: nothing was done: schedule default has ended" in told
        assert Schedule.objects.filter(state=ScheduleState.PAUSED).count() == 2

    def test_of_many_the_first_ten_are_named(self, operator: Client, workspace: Workspace) -> None:
        many = [make_schedule(workspace, f"task:t{number}") for number in range(12)]
        assert "schedule default of task:t9; and 2 more. It starts" in words(
            self.choose(operator, "pause_selected", many)
        )
        told = words(self.choose(operator, "pause_selected", many, confirmed="yes"))
        assert (told.count("is paused."), "And so for 2 more." in told) == (10, True)
        assert Schedule.objects.filter(state=ScheduleState.PAUSED).count() == 12

    def test_more_than_a_thousand_are_too_many(
        self, operator: Client, two: list[Schedule], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scheduler.admin.controls.MOST_AT_ONCE", 1)
        assert "Nothing was done: select at most 1 schedules." in words(self.choose(operator, "pause_selected", two))

    def test_a_viewer_is_offered_none(self, viewer: Client, two: list[Schedule]) -> None:
        assert "pause_selected" not in viewer.get(LIST).content.decode()
        self.choose(viewer, "pause_selected", two, confirmed="yes")
        assert Schedule.objects.filter(state=ScheduleState.PAUSED).count() == 0

    def test_where_one_is_only_a_viewer_nothing_is_done(self, two: list[Schedule], workspace: Workspace) -> None:
        other = make_workspace("other")
        theirs = make_schedule(other, "task:theirs")
        client = Client()
        mixed = make_user("mia", workspace=workspace, role=Role.OPERATOR, is_staff=True)
        mixed.memberships.create(workspace=other, role=Role.VIEWER)
        client.force_login(mixed)
        told = words(self.choose(client, "pause_selected", [two[0], theirs], confirmed="yes"))
        assert "nothing was done: this takes the role operator in other." in told
        assert list(Schedule.objects.filter(state=ScheduleState.PAUSED)) == [two[0]]

    def test_deleting_in_bulk_is_not_offered(self, editor: Client, two: list[Schedule]) -> None:
        assert "delete_selected" not in editor.get(LIST).content.decode()


class TestButtons:
    @pytest.mark.parametrize(
        ("role", "buttons"),
        [
            (Role.VIEWER, []),
            (Role.OPERATOR, ["Pause", "Run now", "Skip the next"]),
            (Role.EDITOR, ["Pause", "Run now", "Skip the next", "Delete"]),
        ],
    )
    def test_what_a_role_may_not_do_is_not_offered(
        self, workspace: Workspace, schedule: Schedule, role: Role, buttons: list[str]
    ) -> None:
        client = signed_in(make_user("mia", workspace=workspace, role=role, is_staff=True))
        assert [button for _, button in client.get(page(schedule)).context["verbs"]] == buttons
        answers = {verb: client.get(f"{LIST}{schedule.pk}/do/{verb}/").status_code for verb in VERBS}
        assert [VERBS[verb].button for verb, code in answers.items() if code == 200 and verb != "resume"] == buttons

    def test_pause_asks_why_and_the_page_says_who_when_and_why(self, operator: Client, schedule: Schedule) -> None:
        address = f"{LIST}{schedule.pk}/do/pause/"
        assert "It starts no runs until it is resumed" in words(operator.get(address))
        assert Schedule.objects.get().state == ScheduleState.ACTIVE
        told = words(operator.post(address, {"note": "disk <full>"}, follow=True))
        assert "Schedule default of task:ping is paused." in told
        assert "by olga, 20" in told
        assert "disk &lt;full&gt;" in told
        assert [button for _, button in operator.get(page(schedule)).context["verbs"]] == ["Resume", "Run now"]

    def test_delete_takes_it_out_of_its_job_and_leads_back_to_the_list(
        self, editor: Client, schedule: Schedule
    ) -> None:
        make_fire(schedule)
        response = editor.post(f"{LIST}{schedule.pk}/do/delete/", {})
        assert (response.status_code, response.headers["Location"]) == (302, LIST)
        assert (Schedule.objects.count(), entries(schedule.job)) == (0, [])

    def test_what_cannot_be_done_says_why(self, operator: Client, schedule: Schedule) -> None:
        Job.objects.update(state=JobState.PAUSED)
        told = words(operator.post(f"{LIST}{schedule.pk}/do/run-now/", {}, follow=True))
        assert "Schedule default of task:ping: nothing was done: task:ping is paused" in told

    def test_a_verb_that_there_is_not_is_not_found(self, operator: Client, schedule: Schedule) -> None:
        assert operator.get(f"{LIST}{schedule.pk}/do/fly/").status_code == 404


class TestPage:
    def test_it_shows_the_next_ten_fire_times_in_both_clocks_and_what_will_be_skipped(
        self, operator: Client, schedule: Schedule
    ) -> None:
        operator.post(f"{LIST}{schedule.pk}/do/skip-next/", {})
        response = operator.get(page(schedule))
        assert len(response.context["times"]) == 10
        told = words(response)
        assert "will be skipped: somebody asked to skip it" in told
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:00 CES?T \w{3} \d{4}-\d\d-\d\d \d\d:00 UTC", told)

    def test_a_change_of_clocks_that_silences_it_is_told(self, viewer: Client, workspace: Workspace) -> None:
        nightly = [{"type": "cron", "expression": "0 30 2 * * ?"}]
        schedule = make_schedule(workspace, triggers=nightly, dst={"gap": "skip", "overlap": "first"})
        assert "02:30 does not exist in Europe/Berlin" in words(viewer.get(page(schedule)))

    def test_it_shows_what_was_decided_why_and_what_became_of_the_runs(
        self, viewer: Client, schedule: Schedule
    ) -> None:
        failed, gone = make_run(schedule.job, "f"), 10**6
        make_fire(schedule, 0, run_id=failed.pk)
        make_fire(schedule, 1, run_id=gone)
        for hour, reason in enumerate(Reason, start=2):
            make_skip(schedule, hour, reason)
        told = words(viewer.get(page(schedule)))
        assert f"Sat 2026-11-21 13:00 CET ▶ fired on time → run {failed.pk} ✗ failed" in told
        assert f"→ run {gone} erased" in told
        for why in ("its former run had not ended", "it came up late", "its job was not active"):
            assert why in told

    def test_what_called_for_a_fire_that_the_clock_did_not_is_told(self, viewer: Client, schedule: Schedule) -> None:
        make_fire(schedule, 0, run_id=12, cause="0:345")
        make_fire(schedule, 1, run_id=13, cause="backfill:6", detail="run by backfill 6")
        response = viewer.get(page(schedule))
        assert "on time → run 12 after run 345" in words(response)
        assert "fired run by backfill 6 → run 13 backfill 6" in words(response)
        assert "/admin/jobs/run/345/change/" in response.content.decode()

    def test_a_fire_that_was_late_says_by_how_much(self, viewer: Client, schedule: Schedule) -> None:
        fire = make_fire(schedule, 0, run_id=12)
        Fire.objects.filter(pk=fire.pk).update(decided_at=fire.fire_at + dt.timedelta(seconds=65))
        assert "fired 1 m 5 s late → run 12" in words(viewer.get(page(schedule)))

    def test_its_runs_are_its_own_alone(self, viewer: Client, schedule: Schedule) -> None:
        own = make_run(schedule.job, "s", schedule_id=schedule.pk)
        make_run(schedule.job, "s")
        [address] = re.findall(
            r'href="(/admin/jobs/run/\?schedule=[^"]*)"', viewer.get(page(schedule)).content.decode()
        )
        rows = viewer.get(html.unescape(address)).context["cl"].result_list
        assert [row.pk for row in rows] == [own.pk]

    def test_what_is_to_be_known_of_it_looks_like_a_warning(self, operator: Client, schedule: Schedule) -> None:
        operator.post(f"{LIST}{schedule.pk}/do/pause/", {})
        assert '<li class="warning">It is paused' in operator.get(page(schedule)).content.decode()

    def test_the_jobs_page_leads_to_it(self, viewer: Client, schedule: Schedule) -> None:
        assert f"{LIST}?q=task%3Aping" in viewer.get(f"/admin/jobs/job/{schedule.job_id}/change/").content.decode()

    def test_older_decisions_are_a_click_away(self, viewer: Client, schedule: Schedule) -> None:
        fires = [make_fire(schedule, hour) for hour in range(27)]
        first = viewer.get(page(schedule))
        assert [row["fire"].pk for row in first.context["decisions"]] == [fire.pk for fire in fires[:1:-1]]
        older = viewer.get(page(schedule), {"before": first.context["older"]})
        assert [row["fire"].pk for row in older.context["decisions"]] == [fires[1].pk, fires[0].pk]
        assert older.context["older"] is None
        for nonsense in ("x", "9" * 30, "1"):
            assert viewer.get(page(schedule), {"before": nonsense}).status_code == 200

    def test_it_answers_why(self, viewer: Client, schedule: Schedule) -> None:
        make_skip(schedule, detail="its former run had not ended")
        told = words(viewer.get(page(schedule), {"at": "2026-11-21 13:00"}))
        assert "(Europe/Berlin): it was skipped: its former run had not ended" in told
        assert "expected a time" in words(viewer.get(page(schedule), {"at": "when it rained"}))

    def test_when_it_is_late_and_no_beat_runs_it_says_so(self, viewer: Client, schedule: Schedule) -> None:
        assert "no beat is running" not in words(viewer.get(page(schedule)))
        put_due(schedule, dt.datetime.now(dt.UTC) - dt.timedelta(minutes=3))
        assert "no beat is running" in words(viewer.get(page(schedule)))

    def test_what_is_wrong_with_it_is_told(self, viewer: Client, schedule: Schedule) -> None:
        Schedule.objects.update(problem="the year 2026 <ended>")
        assert "It could not be fired: the year 2026 &lt;ended&gt;" in words(viewer.get(page(schedule)))

    def test_a_viewer_reads_the_definition_and_cannot_change_it(self, viewer: Client, schedule: Schedule) -> None:
        response = viewer.get(page(schedule))
        assert "expression: 0 0 * ? * MON-FRI" in words(response)
        assert 'name="text"' not in response.content.decode()
        assert viewer.post(page(schedule), {"text": yaml.safe_dump(DAILY)}).status_code == 403
        assert entries(schedule.job) == [HOURLY]


class TestHistory:
    def test_it_says_who_did_what_and_why_the_newest_first_and_of_no_other_schedule(
        self, operator: Client, workspace: Workspace, schedule: Schedule
    ) -> None:
        two = schedule.job.document() | {"schedules": [*schedule.job.schedules, DAILY | {"name": "daily"}]}
        save_job(workspace=workspace, document=two, actor="ann")
        operator.post(f"{LIST}{schedule.pk}/do/pause/", {"note": "the <holidays>"})
        operator.post(f"{LIST}{schedule.pk}/do/resume/", {"note": "back"})
        response = operator.get(f"{LIST}{schedule.pk}/history/")
        told = [(row["what"], row["actor"], row["note"]) for row in response.context["rows"]]
        assert told == [
            ("schedule default: resumed", "olga", "back"),
            ("schedule default: paused", "olga", "the <holidays>"),
            ("schedule default: created", "test", ""),
        ]
        assert "the &lt;holidays&gt;" in words(response)

    def test_its_page_leads_to_it(self, viewer: Client, schedule: Schedule) -> None:
        assert f"{LIST}{schedule.pk}/history/" in viewer.get(page(schedule)).content.decode()

    def test_not_for_a_stranger(self, stranger: Client, schedule: Schedule) -> None:
        assert stranger.get(f"{LIST}{schedule.pk}/history/").status_code == 403


class TestWhereOneIs:
    @pytest.mark.parametrize("address", ["do/pause/", "backfill/", "history/", "change/"])
    def test_every_page_below_a_schedule_says_the_way_to_it(
        self, operator: Client, schedule: Schedule, address: str
    ) -> None:
        told = words(operator.get(f"{LIST}{schedule.pk}/{address}"))
        assert "Home &rsaquo; Scheduler &rsaquo; Schedules &rsaquo; schedule default of task:ping" in told


class TestForm:
    def save(self, client: Client, schedule: Schedule, text: str, version: int = 1) -> Any:
        return client.post(page(schedule), {"text": text, "version": version})

    def test_what_was_written_is_shown_for_editing_and_saved_as_the_jobs_next_version(
        self, editor: Client, schedule: Schedule
    ) -> None:
        form = editor.get(page(schedule)).context["adminform"].form
        assert yaml.safe_load(form["text"].value()) == HOURLY
        assert self.save(editor, schedule, yaml.safe_dump(DAILY)).status_code == 302
        assert (entries(schedule.job), schedule.job.version) == ([DAILY], 2)
        assert Event.objects.filter(kind="schedule.updated", actor="eve").count() == 1

    def test_json_will_do(self, editor: Client, schedule: Schedule) -> None:
        text = '{\n\t"triggers": [{"type": "cron", "expression": "@daily"}]}'
        assert self.save(editor, schedule, text).status_code == 302
        assert entries(schedule.job) == [{"triggers": [{"type": "cron", "expression": "@daily"}]}]

    def test_an_unchanged_form_changes_nothing(self, editor: Client, schedule: Schedule) -> None:
        text = editor.get(page(schedule)).context["adminform"].form["text"].value()
        self.save(editor, schedule, text.replace("\n", "\r\n"))
        schedule.job.refresh_from_db()
        assert schedule.job.version == 1

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "expected an object with triggers"),
            ("a: 1\n---\nb: 2", "neither YAML nor JSON: expected one document, and found 2"),
            ("{", "neither YAML nor JSON: line 1, column 2:"),
            ("- a", "expected an object with triggers"),
            ("1: 2\na: 3", "the name 1 must be text: put it in quotes"),
            ("notes: x", "line 1, triggers: this field is required"),
            (
                "notes: x\ntriggers:\n  - type: cron\n    expression: 100 % of the time",
                "line 4, triggers.0.expression: ",
            ),
            ("triggers:\n- type: every\n  every: soon", "line 3, triggers.0.every: "),
            ("triggers:\n- type: cron\n", "line 2, triggers.0.expression: this field is required"),
            ("name: other\ntriggers:\n- {type: once, at: 2030-01-01}", "line 1, name: expected default: a schedule "),
            ("triggers:\n- type: job\n  jobs: [task:none]", "line 3, triggers.0.jobs: the workspace has no job"),
            (
                "triggers:\n- type: job\n  jobs: [task:ping]",
                "line 3, triggers.0.jobs: task:ping cannot wait for itself",
            ),
        ],
    )
    def test_what_is_wrong_is_told_beside_it_with_its_line(
        self, editor: Client, schedule: Schedule, text: str, told: str
    ) -> None:
        found = errors(self.save(editor, schedule, text))
        assert [each[: len(told)] for each in found] == [told]
        assert entries(schedule.job) == [HOURLY]

    def test_a_text_without_end_is_refused(self, editor: Client, schedule: Schedule) -> None:
        assert "expected at most 200,000 characters" in errors(self.save(editor, schedule, "#" * 200_001))[0]

    def test_somebody_who_was_faster_is_not_overwritten(self, editor: Client, schedule: Schedule) -> None:
        document = schedule.job.document() | {"description": "by somebody else"}
        save_job(workspace=schedule.workspace, document=document, actor="somebody else")
        found = errors(self.save(editor, schedule, yaml.safe_dump(DAILY)))
        assert "task:ping was changed by somebody else: it has version 2" in found[0]
        assert entries(schedule.job) == [HOURLY]

    def test_an_operator_may_not_save(self, operator: Client, schedule: Schedule) -> None:
        assert self.save(operator, schedule, yaml.safe_dump(DAILY)).status_code == 403
        assert entries(schedule.job) == [HOURLY]


class TestAdding:
    def test_a_schedule_is_added_to_a_job(self, editor: Client, workspace: Workspace) -> None:
        job = make_job(workspace)
        form = editor.get(f"{LIST}add/").context["adminform"].form
        response = editor.post(f"{LIST}add/", {"job": job.pk, "text": form["text"].value()})
        assert response.status_code == 302
        assert entries(job) == [yaml.safe_load(form["text"].value())]

    def test_a_name_that_is_taken_is_told(self, editor: Client, schedule: Schedule) -> None:
        response = editor.post(f"{LIST}add/", {"job": schedule.job_id, "text": yaml.safe_dump(DAILY)})
        assert errors(response) == ["task:ping has a schedule 'default' already"]

    def test_jobs_of_workspaces_where_one_may_not_write_are_none(self, editor: Client) -> None:
        other = make_job(make_workspace("other"))
        response = editor.post(f"{LIST}add/", {"job": other.pk, "text": yaml.safe_dump(DAILY)})
        assert list(response.context["adminform"].form.errors) == ["job"]
        assert entries(other) == []

    def test_an_operator_may_not(self, operator: Client, schedule: Schedule) -> None:
        assert operator.get(f"{LIST}add/").status_code == 403


class TestWhatIsTyped:
    def ask(self, client: Client, text: str) -> str:
        return words(client.post(f"{LIST}preview/", {"text": text}))

    def test_it_says_what_it_would_do_and_saves_nothing(self, editor: Client, schedule: Schedule) -> None:
        told = self.ask(editor, "triggers: [{type: cron, expression: 0 30 6 * * ?}]\ntimezone: Asia/Tokyo")
        assert "06:30" in told
        assert "Asia/Tokyo" in told
        assert told.count(" JST ") == 10
        assert entries(schedule.job) == [HOURLY]

    def test_or_what_is_wrong_with_it(self, editor: Client) -> None:
        assert "line 1, triggers.0.expression: this field is required" in self.ask(editor, "triggers: [{type: cron}]")

    def test_nobody_else_may_ask(self, workspace: Workspace) -> None:
        assert Client().post(f"{LIST}preview/", {"text": ""}).status_code == 302
