"""Filters of a run's payloads and log lines that no index knows: each page looks through so many, and says where it broke off."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from jobs.models import Job, LogLine, Role, Run, Workspace
from jobs.selectors import payloads, runs
from jobs.selectors.looks import LOOK, Found
from jobs.selectors.ordering import Ordering
from jobs.states import PayloadState
from tests.integration.metrics.test_plans import rows_read
from tests.integration.people import Api, make_job, make_user, make_workspace
from tests.integration.run_rows import make_log_line, make_run

pytestmark = pytest.mark.django_db
MANY = 4 * LOOK + LOOK // 2


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return Api(make_user("vera", workspace=workspace, role=Role.VIEWER))


@pytest.fixture
def looks_at_three(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (payloads, runs):
        monkeypatch.setattr(module, "LOOK", 3)


def walked(api: Api, path: str, **query: Any) -> tuple[list[Any], list[int]]:
    """What the pages have, from the first to the last, and how many entries each."""
    found, sizes = [], []
    page = api.get(path, **query).json()
    while True:
        found += page["results"]
        sizes.append(len(page["results"]))
        if page["next"] is None:
            return found, sizes
        assert len(sizes) < 100
        page = api.client.get(page["next"], headers=api.headers).json()


@pytest.fixture
def big(job: Job) -> Run:
    """A run with more payloads and lines than one look reads; the last of each is the one that is looked for."""
    run = make_run(job, "s")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_payload (run_id, position, kind, name, parameters, state, attempts, ended_at)"
            " SELECT %s, n, 'noop', '', '{}', CASE WHEN n = %s THEN 'failed' ELSE 'succeeded' END, 1, now()"
            " FROM generate_series(1, %s) AS n",
            [run.pk, MANY, MANY],
        )
        cursor.execute(
            "INSERT INTO jobs_log_line (run_id, position, attempt, level, message, at)"
            " SELECT %s, n, 1, CASE WHEN n = %s THEN 'error' ELSE 'info' END, '', now() FROM generate_series(1, %s) AS n",
            [run.pk, MANY, MANY],
        )
        cursor.execute("ANALYZE jobs_payload, jobs_log_line")
    run.total = MANY + 1
    return run


class TestPayloads:
    @pytest.mark.usefixtures("looks_at_three")
    @pytest.mark.parametrize("order", ["position", "-position"])
    def test_pages_lead_to_all_that_there_are(self, api: Api, job: Job, order: str) -> None:
        run = make_run(job, "ssssfsssssffs")
        found, sizes = walked(api, f"runs/{run.pk}/payloads/", state="failed", order=order)
        assert sorted(each["position"] for each in found) == [4, 10, 11]
        assert sizes == ([0, 1, 0, 2, 0] if order == "position" else [2, 0, 1, 0, 0])

    @pytest.mark.usefixtures("looks_at_three")
    def test_a_full_page_goes_on_after_its_last_entry(self, api: Api, job: Job) -> None:
        run = make_run(job, "ffffs")
        found, sizes = walked(api, f"runs/{run.pk}/payloads/", state="failed", limit=1)
        assert ([each["position"] for each in found], sizes[:3]) == ([0, 1, 2, 3], [1, 1, 1])

    @pytest.mark.usefixtures("looks_at_three")
    def test_without_a_filter_a_page_is_as_long_as_asked(self, api: Api, job: Job) -> None:
        run = make_run(job, "ssssssss")
        assert walked(api, f"runs/{run.pk}/payloads/", limit=5)[1] == [5, 3]

    def test_one_look_reads_no_more_however_long_the_run(self, big: Run) -> None:
        def look(after: int | None = None) -> Found[payloads.PayloadView]:
            return payloads.list_payloads(run=big, limit=101, after=after, state=PayloadState.FAILED)

        first = look()
        assert (list(first), first.until) == ([], LOOK - 1)
        last = look(4 * LOOK - 1)
        assert ([view.payload.position for view in last], last.until) == ([MANY], None)
        assert rows_read(look, "jobs_payload") <= LOOK + 2

    @pytest.mark.usefixtures("looks_at_three")
    def test_a_look_from_the_last_position_that_there_may_be_ends(self, api: Api, job: Job) -> None:
        run = make_run(job, "s")
        assert walked(api, f"runs/{run.pk}/payloads/", state="failed", after=2**31 - 1)[1] == [0]


class TestLogs:
    @pytest.mark.usefixtures("looks_at_three")
    @pytest.mark.parametrize("order", ["id", "-id"])
    def test_pages_lead_to_all_that_there_are(self, api: Api, job: Job, order: str) -> None:
        run, other = make_run(job, "s"), make_run(job, "s")
        for n in range(8):
            make_log_line(other, 0, "of another")
            line = make_log_line(run, 0, f"line {n}")
            LogLine.objects.filter(pk=line.pk, message__in=["line 3", "line 7"]).update(level="error")
        found, sizes = walked(api, f"runs/{run.pk}/logs/", level="error", order=order)
        assert sorted(each["message"] for each in found) == ["line 3", "line 7"]
        assert sizes == ([0, 1, 1] if order == "id" else [1, 1, 0])

    @pytest.mark.usefixtures("looks_at_three")
    def test_a_look_that_ends_with_the_lines_has_no_next(self, api: Api, job: Job) -> None:
        run = make_run(job, "s")
        for _ in range(3):
            make_log_line(run, 0, "a line")
        assert walked(api, f"runs/{run.pk}/logs/", level="error")[1] == [0]

    def test_one_look_reads_no_more_however_long_the_log(self, big: Run) -> None:
        def look() -> Found[LogLine]:
            return runs.list_logs(run=big, limit=101, level="error")

        assert list(look()) == []
        assert look().until is not None
        assert rows_read(look, "jobs_log_line") <= 2 * LOOK + 2
        newest = runs.list_logs(run=big, limit=101, level="error", ordering=Ordering(("pk",), descending=True))
        assert [line.position for line in newest] == [MANY]

    def test_a_payloads_lines_are_found_among_those_of_its_run(self, big: Run) -> None:
        def read() -> Found[LogLine]:
            return runs.list_logs(run=big, limit=101, position=MANY)

        assert [line.level for line in read()] == ["error"]
        assert rows_read(read, "jobs_log_line") <= 1
