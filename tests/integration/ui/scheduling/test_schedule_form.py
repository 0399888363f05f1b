"""New and changed schedules: what the form shows, what it previews, what it saves, and what it refuses beside which field."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Workspace
from jobs.services.jobs import save_job
from scheduler.models import Schedule
from tests.integration.people import make_job
from tests.integration.schedule_rows import entries, make_schedule
from tests.integration.ui.scheduling.reading import BASE, PART, main, words
from ui.scheduling.documents import new_row, new_tree, tree_of
from ui.scheduling.draft_form import _flat
from ui.scheduling.trigger_parts import KINDS

pytestmark = pytest.mark.django_db
NEW, PREVIEW = f"{BASE}new/", f"{BASE}preview/"
VALID: dict[str, dict[str, str]] = {
    "job": {"jobs__0": "task:upstream"},
    "cron": {"expression": "0 0 9 ? * MON-FRI"},
    "interval": {"start": "2026-01-31T09:00", "interval": "2", "unit": "month"},
    "every": {"every": "6h", "offset": "5m"},
    "iso8601": {"expression": "R/2026-01-01T00:00:00Z/P1D"},
    "calendar": {"calendars__0__hour": "9-17", "calendars__0__dayOfWeek": "MONDAY-FRIDAY"},
    "once": {"at": "2090-01-31T09:00"},
    "random": {"minimum": "10m", "maximum": "1h"},
    "frequency": {"frequency": "weekly", "start_date": "2026-01-05T08:00"},
}
SENTENCES = {
    "job": "After task:upstream succeeded",
    "cron": "At 09:00 on Monday to Friday",
    "interval": "2 months",
    "every": "Every 6 hours since the Unix epoch, plus 5 minutes",
    "iso8601": "2026-01-01",
    "calendar": "09",
    "once": "Once at 2090-01-31 09:00",
    "random": "random 10 minutes to 1 hour",
    "frequency": "Every week on Monday at 08:00",
}
WRONG = [
    ("job", "jobs__0", "task:nobody", "the workspace has no job 'task:nobody'"),
    ("job", "jobs__0", "task:ping", "cannot wait for itself"),
    ("job", "delay", "soon", "duration"),
    ("cron", "expression", "0 0 9 * * MON", "exactly one of day of month and day of week must be ?"),
    ("cron", "expression", "0 0 9 30 2 ?", "it never fires: there is no such date"),
    ("cron", "expression", "", "required"),
    ("interval", "start", "tomorrow", "expected a time"),
    ("interval", "interval", "0", "1 to 1,000,000"),
    ("interval", "interval", "many", "whole number"),
    ("interval", "unit", "fortnight", "week"),
    ("interval", "end", "2020-01-01", "not before the start"),
    ("every", "every", "1ms", "1,000 milliseconds"),
    ("every", "offset", "7h", "expected less than every"),
    ("iso8601", "expression", "R/P1D", "expected"),
    ("calendar", "calendars__0__hour", "25", "0 to 23"),
    ("calendar", "calendars__0__dayOfWeek", "FUNDAY", "name such as SUNDAY"),
    ("once", "at", "2026-02-30", "expected a time"),
    ("random", "maximum", "1m", "at least the minimum"),
    ("random", "minimum", "x", "duration"),
    ("frequency", "interval", "99", "1 to 52"),
    ("frequency", "end_date", "2020-01-01", "not before start_date"),
]
WRONG_TOP = [
    ("name", "a/b", "pattern"),
    ("timezone", "Atlantis", "IANA time zone"),
    ("misfire__policy", "odd", "expected"),
    ("misfire__grace", "x", "duration"),
    ("misfire__window", "400 days", "366"),
    ("misfire__most", "0", "at least 1"),
    ("overlap", "odd", "expected"),
    ("jitter", "-5m", "negative"),
    ("start_date", "x", "expected a time"),
    ("actions", "-1", "at least 0"),
    ("dst__gap", "skip", "required"),
    ("parameters", "{a}", "JSON"),
    ("parameters", "[1]", "expected an object"),
    ("notes", "n" * 2001, "2000"),
]


@pytest.fixture
def upstream(workspace: Workspace) -> Job:
    """What others may wait for."""
    return make_job(workspace, "task:upstream")


@pytest.fixture
def job(workspace: Workspace, upstream: Job) -> Job:
    """It has no schedule yet."""
    return make_job(workspace, "task:ping")


def sent(kind: str, **top: str) -> dict[str, str]:
    """What the form sends: of a new schedule with one valid trigger of a kind."""
    tree = new_tree(kind) | {"timezone": "Europe/Berlin"}
    data = {name: str(value) for name, value in _flat(tree) if value != ""}
    data |= {f"triggers__0__{name}": value for name, value in VALID[kind].items()}
    return data | {"job": "task:ping"} | top


def field_errors(response: Any) -> dict[str, list[str]]:
    """By the name of the field."""
    return {name: list(errors) for name, errors in response.context["form"].errors.items()}


class TestNew:
    @pytest.mark.parametrize("kind", KINDS)
    def test_each_kind_is_previewed_and_saved(self, editor: Client, job: Job, kind: str) -> None:
        told = words(editor.post(PREVIEW, sent(kind), headers=PART))
        assert SENTENCES[kind] in told
        answer = editor.post(NEW, sent(kind))
        made = Schedule.objects.get()
        assert answer.headers["Location"] == f"{BASE}{made.pk}/"
        assert made.job == job
        assert entries(job)[0]["triggers"][0]["type"] == kind
        assert SENTENCES[kind] in words(editor.get(f"{BASE}{made.pk}/"))

    @pytest.mark.usefixtures("job")
    def test_one_whose_times_are_all_past_is_saved_and_says_so(self, editor: Client) -> None:
        answer = editor.post(NEW, sent("cron") | {"end_date": "2020-01-01"}, follow=True)
        assert (Schedule.objects.get().state, answer.status_code) == ("ended", 200)
        assert "It fires no more: all of its fire times lie in the past." in words(answer)

    @pytest.mark.usefixtures("job")
    @pytest.mark.parametrize(
        ("parts", "why"),
        [
            ({"actions": "0"}, "it has used up all of its actions"),
            ({"triggers__0__enabled": ""}, "none of its triggers is enabled"),
        ],
    )
    def test_one_that_has_ended_for_another_reason_says_that(
        self, editor: Client, parts: dict[str, str], why: str
    ) -> None:
        answer = editor.post(NEW, sent("cron") | parts, follow=True)
        assert (Schedule.objects.get().state, f"It fires no more: {why}." in words(answer)) == ("ended", True)

    @pytest.mark.usefixtures("job")
    @pytest.mark.parametrize(("kind", "field", "value", "message"), WRONG)
    def test_a_wrong_value_is_told_beside_its_field(
        self, editor: Client, kind: str, field: str, value: str, message: str
    ) -> None:
        name = f"triggers__0__{field}"
        answer = editor.post(NEW, sent(kind) | {name: value})
        assert answer.status_code == 422
        assert any(message in error for error in field_errors(answer)[name])
        assert f'value="{value}"' in answer.content.decode() or "<select" in answer.content.decode()
        assert not Schedule.objects.exists()

    @pytest.mark.parametrize(("field", "value", "message"), WRONG_TOP)
    def test_so_is_one_of_the_policies(self, editor: Client, job: Job, field: str, value: str, message: str) -> None:
        answer = editor.post(NEW, sent("cron", **{field: value}))
        assert answer.status_code == 422
        found = field_errors(answer)
        expected = "dst__overlap" if field == "dst__gap" else field
        assert any(message in error for error in found[expected]), found
        assert not Schedule.objects.exists()

    @pytest.mark.parametrize(("field", "value", "message"), [each for each in WRONG_TOP if each[0] != "dst__gap"])
    def test_while_typing_too(self, editor: Client, job: Job, field: str, value: str, message: str) -> None:
        answer = editor.post(PREVIEW, sent("cron", **{field: value}), headers=PART).content.decode()
        slot = answer.partition(f'id="id_{field}_error" hx-swap-oob="true"')[2].partition("</p>")[0]
        assert message in slot
        assert "hidden" not in slot.partition(">")[0]

    @pytest.mark.parametrize(
        ("key", "message"),
        [("", "choose the job"), ("task:nobody", "no job"), ("nonsense", "no job"), ("task:\0", "no job")],
    )
    def test_the_job_must_be_there_for_none_is_made(self, editor: Client, job: Job, key: str, message: str) -> None:
        count = Job.objects.count()
        answer = editor.post(NEW, sent("cron", job=key))
        assert answer.status_code == 422
        assert any(message in error for error in field_errors(answer)["job"])
        assert Job.objects.count() == count

    def test_a_name_that_is_taken_is_told_beside_the_name(self, editor: Client, schedule: Schedule) -> None:
        answer = editor.post(NEW, sent("cron"))
        assert "already" in field_errors(answer)["name"][0]

    def test_several_triggers_and_exclusions_in_one_schedule(self, editor: Client, job: Job) -> None:
        data = sent("cron") | {
            "triggers__1__type": "once",
            "triggers__1__at": "2090-01-01T00:00",
            "triggers__1__enabled": "on",
            "exclusions__0__kind": "holidays",
            "exclusions__0__country": "DE",
            "exclusions__1__kind": "weekly",
            "exclusions__1__from": "Saturday 22:00",
            "exclusions__1__to": "Sunday 06:00",
        }
        assert editor.post(NEW, data).status_code == 302
        (entry,) = entries(job)
        assert [each["type"] for each in entry["triggers"]] == ["cron", "once"]
        assert [each["kind"] for each in entry["exclusions"]] == ["holidays", "weekly"]

    @pytest.mark.usefixtures("job")
    @pytest.mark.parametrize(
        ("kind", "field", "value", "message"),
        [
            ("holidays", "country", "Atlantis", ""),
            ("weekly", "from", "Someday 22:00", "expected a weekday"),
            ("daily", "to", "25:00", "expected a time"),
            ("blackout", "end", "2020-01-01", "later than the start"),
            ("dates", "dates", "2026-02-30", "expected a day that exists"),
        ],
    )
    def test_a_wrong_exclusion_is_told_beside_its_field(
        self, editor: Client, kind: str, field: str, value: str, message: str
    ) -> None:
        valid = {
            "holidays": {"country": "DE"},
            "weekly": {"from": "Saturday 22:00", "to": "Sunday 06:00"},
            "daily": {"from": "22:00", "to": "06:00"},
            "blackout": {"start": "2026-12-24", "end": "2026-12-26"},
            "dates": {"dates": "2026-12-24"},
        }[kind]
        row = {"kind": kind} | valid | {field: value}
        data = sent("cron") | {f"exclusions__0__{name}": each for name, each in row.items()}
        found = field_errors(editor.post(NEW, data))
        assert list(found) == [f"exclusions__0__{field}"]
        assert message in found[f"exclusions__0__{field}"][0]

    def test_the_address_may_name_the_job_and_the_kind(self, editor: Client, job: Job) -> None:
        page = main(editor.get(f"{NEW}?job=task:ping&kind=once"))
        assert 'value="task:ping"' in page
        assert "triggers__0__at" in page

    def test_buttons_add_and_take_out_rows_and_save_nothing(self, editor: Client, job: Job) -> None:
        part = editor.post(
            NEW, sent("cron") | {"do": "add:triggers:once"}, headers=PART | {"HX-Target": "trigger-rows"}
        )
        assert "triggers__1__at" in part.content.decode()
        assert "id_job" not in part.content.decode()
        whole = editor.post(NEW, sent("cron") | {"do": "remove:triggers.0"})
        assert "triggers__0__expression" not in main(whole)
        assert not Schedule.objects.exists()

    def test_another_kind_has_its_own_fields(self, editor: Client, job: Job) -> None:
        data = sent("cron") | {"triggers__0__type": "random"}
        part = editor.post(NEW, data, headers=PART | {"HX-Target": "trigger-rows"}).content.decode()
        assert "triggers__0__minimum" in part
        assert "triggers__0__expression" not in part


class TestPreview:
    def test_it_tells_the_next_ten_on_both_clocks(self, viewer: Client, job: Job) -> None:
        viewer.cookies["ui_zone"] = "America/New_York"
        answer = viewer.post(PREVIEW, sent("cron"), headers=PART)
        told = words(answer)
        assert "On the schedule's clock (Europe/Berlin)" in told
        assert "On yours (America/New_York)" in told
        assert len(answer.context["upcoming"].times) == 10
        assert told.count("09:00 CE") == 10
        assert told.count("03:00 E") >= 9

    def test_it_warns_of_clock_changes(self, viewer: Client, job: Job) -> None:
        told = words(viewer.post(PREVIEW, sent("cron") | {"triggers__0__expression": "0 30 2 * * ?"}, headers=PART))
        assert "02:30 does not exist in Europe/Berlin" in told

    def test_nothing_is_saved(self, viewer: Client, job: Job) -> None:
        viewer.post(PREVIEW, sent("cron"), headers=PART)
        assert not Schedule.objects.exists()

    def test_a_strangers_schedule_is_not_asked_about(self, stranger: Client, schedule: Schedule) -> None:
        data = sent("random")
        assert stranger.post(f"/ui/w/other/schedules/preview/?schedule={schedule.pk}", data).status_code == 404

    @pytest.mark.parametrize("query", ["", "schedule=x", "schedule=99999999999999999999"])
    def test_forged_fields_break_nothing(self, viewer: Client, job: Job, query: str) -> None:
        forged = {
            "triggers": "x",
            "triggers__7__type": "odd",
            "exclusions__0__kind": "odd",
            "name": "\x00",
            "a__b": "c",
        }
        assert viewer.post(f"{PREVIEW}?{query}", forged, headers=PART).status_code == 200


class TestEdit:
    def opened(self, schedule: Schedule, **changed: str) -> dict[str, str]:
        """What the form of a schedule sends back."""
        job = Job.objects.get(pk=schedule.job_id)
        (entry,) = job.schedules
        data = {name: str(value) for name, value in _flat(tree_of(entry)) if value != ""}
        return data | {"version": str(job.version)} | changed

    def test_it_shows_what_there_is_and_saves_what_was_changed(self, editor: Client, schedule: Schedule) -> None:
        page = main(editor.get(f"{BASE}{schedule.pk}/edit/"))
        assert 'value="0 0 * ? * MON-FRI"' in page
        answer = editor.post(f"{BASE}{schedule.pk}/edit/", self.opened(schedule, jitter="5m"))
        assert answer.status_code == 302
        (entry,) = entries(schedule.job)
        assert entry["jitter"] == "5m"
        assert entry["triggers"] == [{"type": "cron", "expression": "0 0 * ? * MON-FRI"}]

    def test_what_is_saved_unchanged_stays_as_it_was(self, editor: Client, schedule: Schedule) -> None:
        before = entries(schedule.job)
        editor.post(f"{BASE}{schedule.pk}/edit/", self.opened(schedule))
        assert entries(schedule.job) == before

    def test_who_was_slower_is_told_and_overwrites_nothing(self, editor: Client, schedule: Schedule) -> None:
        mine = self.opened(schedule, jitter="5m")
        document = Job.objects.get().document() | {"description": "theirs"}
        save_job(workspace=schedule.workspace, document=document, actor="eva")
        told = words(editor.post(f"{BASE}{schedule.pk}/edit/", mine), 422)
        assert "was changed by somebody else" in told
        assert "Read it again" in told
        assert "jitter" not in entries(schedule.job)[0]

    def test_who_was_slower_has_lost_nothing_and_can_save_after_all(self, editor: Client, schedule: Schedule) -> None:
        slow = self.opened(schedule, jitter="5m")
        editor.post(f"{BASE}{schedule.pk}/edit/", self.opened(schedule, notes="mine"))
        page = editor.post(f"{BASE}{schedule.pk}/edit/", slow).content.decode()
        assert 'value="5m"' in page
        (version,) = re.findall(r'name="version" value="(\d+)"', page)
        assert editor.post(f"{BASE}{schedule.pk}/edit/", slow | {"version": version}).status_code == 302
        assert entries(schedule.job)[0]["jitter"] == "5m"

    @pytest.mark.parametrize("version", ["", "x", "9" * 20])
    def test_a_forged_version_saves_nothing(self, editor: Client, schedule: Schedule, version: str) -> None:
        answer = editor.post(f"{BASE}{schedule.pk}/edit/", self.opened(schedule, jitter="5m", version=version))
        assert answer.status_code == 422
        assert "jitter" not in entries(schedule.job)[0]

    def test_a_schedule_keeps_its_name(self, editor: Client, schedule: Schedule) -> None:
        answer = editor.post(f"{BASE}{schedule.pk}/edit/", self.opened(schedule, name="other"))
        assert "cannot be renamed" in field_errors(answer)["name"][0]

    def test_a_cycle_is_told_beside_the_job(self, editor: Client, workspace: Workspace) -> None:
        after = {"triggers": [{"type": "job", "jobs": ["task:first"]}]}
        first = make_schedule(workspace, "task:first")
        make_schedule(workspace, "task:second", **after)
        data = {name: str(value) for name, value in _flat(tree_of({}))}
        row = new_row("triggers", "job") | {"jobs": ["task:second"]}
        data |= {name: str(value) for name, value in _flat({"triggers": [row]})}
        answer = editor.post(f"{BASE}{first.pk}/edit/", data | {"version": str(first.job.version), "enabled": "on"})
        assert "would wait for each other" in field_errors(answer)["triggers__0__jobs__0"][0]


class TestRoles:
    def test_viewers_and_operators_get_no_form(self, viewer: Client, operator: Client, schedule: Schedule) -> None:
        for client in (viewer, operator):
            for address in (NEW, f"{BASE}{schedule.pk}/edit/"):
                assert client.get(address).status_code == 403
                assert client.post(address, sent("cron", name="forged")).status_code == 403
        assert Schedule.objects.count() == 1

    def test_strangers_find_nothing(self, stranger: Client, schedule: Schedule) -> None:
        assert stranger.get(NEW).status_code == 404
        assert stranger.post(PREVIEW, sent("cron")).status_code == 404
        assert stranger.get(f"/ui/w/other/schedules/{schedule.pk}/edit/").status_code == 404

    @pytest.mark.parametrize("count", [1, 20])
    def test_the_form_takes_the_same_number_of_queries_whatever_there_is(
        self, editor: Client, workspace: Workspace, django_assert_num_queries: Any, count: int
    ) -> None:
        editor.get(NEW)
        for number in range(count):
            make_schedule(workspace, f"task:t{number}")
        with django_assert_num_queries(5):
            editor.get(NEW)
