"""The pages of runs: what they show to whom, and how many queries that takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Job, Role, Run, Workspace
from jobs.states import RunState
from scheduler.services.editing import create_schedule
from tests.integration.people import make_job, make_user, make_workspace, signed_in
from tests.integration.run_rows import (
    NOW,
    make_attempt,
    make_ended_run,
    make_event,
    make_lane,
    make_log_line,
    make_run,
    requeue,
)
from ui.runs.tabs import Log

pytestmark = pytest.mark.django_db
TABS = ("", "head/", "log/", "times/", "result/", "deliveries/", "events/", "compare/")


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace, "task:ping", payloads=4)


@pytest.fixture
def operator(workspace: Workspace) -> User:
    return make_user("olga", workspace=workspace, role=Role.OPERATOR)


@pytest.fixture
def browser(operator: User) -> Client:
    return signed_in(operator)


def text(client: Client, path: str, **headers: str) -> str:
    """What the page says; it must be there."""
    answer = client.get(f"/ui/w/acme/{path}", headers=headers)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def failing(job: Job, states: str = "sffs", **columns: Any) -> Run:
    run = make_ended_run(job, states, started_at=NOW, **columns)
    for position, letter in enumerate(states):
        if letter == "f":
            make_attempt(run, position, 1)
            make_attempt(run, position, 2)
    make_log_line(run, 0, "hello from the log")
    make_event(run, "run.failed")
    return run


class TestTheList:
    def test_it_shows_each_run_with_its_state_and_its_failures(self, browser: Client, job: Job) -> None:
        run = failing(job)
        page = text(browser, "runs/")
        assert f"/ui/w/acme/runs/{run.pk}/" in page
        assert "FAILED" in page
        assert "task:ping" in page

    def test_filters_of_the_address_choose(self, browser: Client, job: Job) -> None:
        failed, good = failing(job), make_ended_run(job, "ss")
        page = text(browser, "runs/?state=failed")
        assert f"runs/{failed.pk}/" in page
        assert f"runs/{good.pk}/" not in page

    def test_keys_of_jobs_are_suggested_while_one_is_typed(self, browser: Client, job: Job) -> None:
        make_job(job.workspace, "task:pong")
        make_job(make_workspace("other"), "task:ping-elsewhere")
        assert 'list="suggested-job"' in text(browser, "runs/")
        assert 'hx-get="/ui/w/acme/jobs/keys/"' in text(browser, "runs/")
        assert text(browser, "jobs/keys/?job=task:pi").strip() == '<option value="task:ping"></option>'
        assert "task:pong" in text(browser, "jobs/keys/?job=")

    @pytest.mark.parametrize(
        "query", ["state=nonsense", "trigger=x", "since=2026-99-99", "since=x", "after=x", "job=none", "after=-1"]
    )
    def test_what_is_no_value_finds_nothing_and_says_so(self, browser: Client, job: Job, query: str) -> None:
        failing(job)
        assert "No run fits these filters" in text(browser, f"runs/?{query}") or "Nothing has run" in text(
            browser, f"runs/?{query}"
        )

    def test_an_empty_one_says_what_to_do_first(self, browser: Client) -> None:
        assert "Nothing has run yet" in text(browser, "runs/")

    def test_another_workspaces_runs_are_not_there(self, browser: Client, job: Job) -> None:
        other = failing(make_job(make_workspace("globex"), "task:theirs"))
        assert f"runs/{other.pk}/" not in text(browser, "runs/")

    def test_its_queries_do_not_grow_with_its_rows(self, browser: Client, job: Job) -> None:
        failing(job)
        few = queries(browser, "runs/")
        for _ in range(20):
            failing(job)
        assert queries(browser, "runs/") == few

    def test_the_next_page_begins_behind_the_last_row(self, browser: Client, job: Job) -> None:
        runs = [make_ended_run(job, "s") for _ in range(51)]
        first = text(browser, "runs/")
        assert f"after={runs[1].pk}" in first
        assert f'runs/{runs[0].pk}/"' in text(browser, f"runs/?after={runs[1].pk}")


class TestARun:
    @pytest.mark.parametrize("tab", TABS)
    def test_each_tab_shows_an_ended_run(self, browser: Client, job: Job, tab: str) -> None:
        failing(job)
        run = failing(job)
        assert text(browser, f"runs/{run.pk}/{tab}")

    @pytest.mark.parametrize("tab", TABS)
    def test_each_tab_shows_a_run_at_work(self, browser: Client, job: Job, tab: str) -> None:
        run = make_run(job, "sqqq")
        make_lane(run, 1, 2, progress={"done": 3})
        requeue(run, 2)
        assert text(browser, f"runs/{run.pk}/{tab}")

    def test_the_page_of_one_at_work_looks_again_and_that_of_an_ended_one_does_not(
        self, browser: Client, job: Job
    ) -> None:
        assert "data-live" in text(browser, f"runs/{make_run(job, 'q').pk}/")
        assert "data-live" not in text(browser, f"runs/{failing(job).pk}/")

    def test_counts_link_to_the_payloads_of_that_state(self, browser: Client, job: Job) -> None:
        run = failing(job)
        assert f"/ui/w/acme/runs/{run.pk}/?state=failed" in text(browser, f"runs/{run.pk}/")
        page = text(browser, f"runs/{run.pk}/?state=failed")
        assert f"runs/{run.pk}/payloads/1/" in page
        assert f"runs/{run.pk}/payloads/0/" not in page

    def test_payloads_can_be_entered_at_a_number(self, browser: Client, job: Job) -> None:
        run = failing(job)
        page = text(browser, f"runs/{run.pk}/?number=2")
        assert "payloads/1/" not in page
        assert "payloads/2/" in page

    @pytest.mark.parametrize("query", ["state=x", "number=x", "after=x"])
    def test_what_is_no_filter_finds_nothing(self, browser: Client, job: Job, query: str) -> None:
        assert "No payload fits" in text(browser, f"runs/{failing(job).pk}/?{query}") or query == "after=x"

    def test_payloads_are_found_by_name_and_the_search_goes_on_where_it_was_broken_off(
        self, browser: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make_ended_run(job, "ssss")
        run.payloads.filter(position=3).update(name="Oslo-Bergen")
        assert "Oslo-Bergen" in text(browser, f"runs/{run.pk}/?name=bergen")
        monkeypatch.setattr("jobs.selectors.payloads.LOOK", 2)
        page = text(browser, f"runs/{run.pk}/?name=bergen")
        assert "No payload fits these filters so far." in page
        assert f"/ui/w/acme/runs/{run.pk}/?name=bergen&amp;after=1" in page
        further = text(browser, f"runs/{run.pk}/?name=bergen&after=1")
        assert "Oslo-Bergen" in further
        assert "Look further" not in further

    def test_it_leads_to_its_job_and_to_its_schedule_with_the_time_on_its_clock(
        self, browser: Client, job: Job
    ) -> None:
        document = {"timezone": "Asia/Tokyo", "triggers": [{"type": "cron", "expression": "0 9 * * *"}]}
        schedule = create_schedule(job=job, document=document, actor="ann")
        due = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
        run = make_run(job, "q", schedule_id=schedule.pk, scheduled_for=due, snapshot={"version": 7})
        page = text(browser, f"runs/{run.pk}/")
        assert 'href="/ui/w/acme/jobs/task:ping/"' in page
        assert f'href="/ui/w/acme/schedules/{schedule.pk}/"' in page
        assert "2026-11-21 09:00:00" in page
        assert "Asia/Tokyo" in page
        assert "version 7" in page

    def test_what_is_called_like_a_secret_is_hidden(self, browser: Client, job: Job) -> None:
        run = make_ended_run(job, "s", parameters={"password": "hunter2"}, snapshot={"metadata": {"api_key": "k-123"}})
        run.payloads.update(parameters={"headers": {"Authorization": "Bearer abc123"}})
        for path in ("result/", "payloads/0/"):
            page = text(browser, f"runs/{run.pk}/{path}")
            assert "(hidden)" in page
            for secret in ("hunter2", "k-123", "abc123"):
                assert secret not in page

    def test_the_log_is_searched(self, browser: Client, job: Job) -> None:
        run = failing(job)
        make_log_line(run, 1, "nothing to see")
        page = text(browser, f"runs/{run.pk}/log/?text=HELLO")
        assert "hello from the log" in page
        assert "nothing to see" not in page
        assert "No line fits these filters." in text(browser, f"runs/{run.pk}/log/?text=absent")

    def test_of_a_run_at_work_the_newest_lines_are_shown_and_its_beginning_when_asked_for(
        self, browser: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Log, "per_page", 2)
        run = make_run(job, "qq")
        for number in range(4):
            make_log_line(run, 0, f"line {number}")
        page = text(browser, f"runs/{run.pk}/log/")
        assert page.index("line 2") < page.index("line 3")
        assert "line 1" not in page
        assert "data-follow" in page
        beginning = text(browser, f"runs/{run.pk}/log/?from=start")
        assert "line 0" in beginning
        assert "line 3" not in beginning
        assert "data-follow" not in beginning

    def test_the_log_can_be_narrowed_to_a_level(self, browser: Client, job: Job) -> None:
        run = failing(job)
        assert "hello from the log" in text(browser, f"runs/{run.pk}/log/?level=info")
        assert "hello from the log" not in text(browser, f"runs/{run.pk}/log/?level=error")

    def test_the_comparison_names_what_fails_newly(self, browser: Client, job: Job) -> None:
        failing(job, "sfss")
        run = failing(job, "sfsf")
        page = text(browser, f"runs/{run.pk}/compare/")
        assert f"runs/{run.pk}/payloads/3/" in page

    def test_a_payloads_page_has_its_attempts(self, browser: Client, job: Job) -> None:
        page = text(browser, f"runs/{failing(job).pk}/payloads/1/")
        assert "attempt 2 failed" in page

    @pytest.mark.parametrize("path", ["", "log/", "head/", "payloads/0/", "do/terminate/", "extend/"])
    def test_another_workspaces_run_is_not_there(self, browser: Client, job: Job, path: str) -> None:
        other = failing(make_job(make_workspace("globex"), "task:theirs"))
        assert browser.get(f"/ui/w/acme/runs/{other.pk}/{path}").status_code == 404

    @pytest.mark.parametrize("tab", TABS)
    def test_its_queries_do_not_grow_with_its_payloads(self, browser: Client, job: Job, tab: str) -> None:
        found = []
        for states in ("sf", "sfsfsfsfsfsfsfsfsfsf"):
            failing(job, states)
            run = failing(job, states)
            found.append(queries(browser, f"runs/{run.pk}/{tab}"))
        assert found[0] == found[1]


class TestVerbs:
    def test_an_operator_is_offered_what_fits(self, browser: Client, job: Job) -> None:
        at_work, over = make_run(job, "q"), failing(job)
        assert f"runs/{at_work.pk}/do/terminate/" in text(browser, f"runs/{at_work.pk}/")
        page = text(browser, f"runs/{over.pk}/")
        assert f"runs/{over.pk}/do/rerun-failed/" in page
        assert f"runs/{over.pk}/do/terminate/" not in page

    def test_a_viewer_is_offered_nothing_and_refused_what_is_forged(self, workspace: Workspace, job: Job) -> None:
        viewer = signed_in(make_user("vera", workspace=workspace, role=Role.VIEWER))
        run = make_run(job, "q")
        assert "/do/" not in text(viewer, f"runs/{run.pk}/")
        for path in ("do/terminate/", "extend/"):
            assert viewer.get(f"/ui/w/acme/runs/{run.pk}/{path}").status_code == 403
            assert viewer.post(f"/ui/w/acme/runs/{run.pk}/{path}").status_code == 403
        run.refresh_from_db()
        assert run.state == RunState.RUNNING

    def test_terminating_says_what_will_happen_and_does_it(self, browser: Client, job: Job) -> None:
        run = make_run(job, "qqq", snapshot={})
        assert "3 queued payload(s) are cancelled" in text(browser, f"runs/{run.pk}/do/terminate/")
        answer = browser.post(f"/ui/w/acme/runs/{run.pk}/do/terminate/", {"note": "wrong data"})
        assert answer.status_code == 302
        run.refresh_from_db()
        assert run.stop is not None
        assert run.stop["note"] == "wrong data"

    def test_a_note_that_is_too_long_is_told_beside_it_and_nothing_is_done(self, browser: Client, job: Job) -> None:
        run = make_run(job, "q")
        answer = browser.post(f"/ui/w/acme/runs/{run.pk}/do/terminate/", {"note": "x" * 2001})
        assert answer.status_code == 422
        run.refresh_from_db()
        assert run.stop is None

    def test_rerunning_what_failed_leads_to_the_new_run(
        self, browser: Client, job: Job, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        run = failing(job)
        answer = browser.post(f"/ui/w/acme/runs/{run.pk}/do/rerun-failed/", {"definition": "present"})
        made = Run.objects.get(origin=run)
        assert answer.headers["Location"] == f"/ui/w/acme/runs/{made.pk}/"
        assert made.total == 2

    def test_what_cannot_be_done_any_more_is_said(self, browser: Client, job: Job) -> None:
        assert "This cannot be done now" in text(browser, f"runs/{failing(job).pk}/do/terminate/")

    def test_there_is_no_other_verb(self, browser: Client, job: Job) -> None:
        assert browser.get(f"/ui/w/acme/runs/{failing(job).pk}/do/destroy/").status_code == 404

    def test_payloads_are_added(self, browser: Client, job: Job) -> None:
        run = make_run(job, "q", snapshot={})
        browser.post(f"/ui/w/acme/runs/{run.pk}/extend/", {"payload": '[{"kind": "noop"}]'})
        run.refresh_from_db()
        assert run.total == 2

    @pytest.mark.parametrize("typed", ["", "[", '[{"kind": "none"}]'])
    def test_payloads_that_are_none_are_refused_beside_the_field(self, browser: Client, job: Job, typed: str) -> None:
        run = make_run(job, "q", snapshot={})
        answer = browser.post(f"/ui/w/acme/runs/{run.pk}/extend/", {"payload": typed})
        assert answer.status_code == 422
        run.refresh_from_db()
        assert run.total == 1


def queries(client: Client, path: str) -> int:
    """How many it takes once the session knows the workspace."""
    text(client, path)
    with CaptureQueriesContext(connection) as found:
        text(client, path)
    return len(found)
