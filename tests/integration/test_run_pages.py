"""Pages of runs by what filters them: each run once, in order, whatever the index that they come from."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.models import Job, Run, Workspace
from jobs.selectors.runs import NEWEST_FIRST, OLDEST_FIRST, RunFilter, list_runs
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def at(minutes: int) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


@pytest.fixture
def job(workspace: Workspace) -> Job:
    return make_job(workspace)


def ids(workspace: Workspace, wanted: RunFilter, *, oldest_first: bool = False, limit: int = 2) -> list[int]:
    """All pages, one after the other."""
    ordering, found, after = OLDEST_FIRST if oldest_first else NEWEST_FIRST, list[int](), None
    while page := list_runs(workspace=workspace, limit=limit, after=after, wanted=wanted, ordering=ordering):
        found += [view.run.pk for view in page]
        after = found[-1]
        assert len(found) < 100
    return found


class TestByAWord:
    @pytest.mark.parametrize("wanted", [RunFilter(trigger="rerun"), RunFilter(actor="ann")])
    @pytest.mark.parametrize("oldest_first", [False, True])
    def test_ended_and_active_ones_come_in_one_order(
        self, workspace: Workspace, job: Job, wanted: RunFilter, oldest_first: bool
    ) -> None:
        meant = [make_run(job, states, trigger="rerun", actor="ann").pk for states in ("s", "q", "f", "q", "q", "s")]
        for states in ("s", "q"):
            make_run(job, states)
        make_run(make_job(make_workspace("other")), "s", trigger="rerun", actor="ann")
        assert ids(workspace, wanted, oldest_first=oldest_first) == meant[:: 1 if oldest_first else -1]

    def test_nobodys_are_those_without_an_actor(self, workspace: Workspace, job: Job) -> None:
        made = [make_run(job, states).pk for states in ("s", "q")]
        make_run(job, "s", actor="ann")
        assert ids(workspace, RunFilter(actor="")) == made[::-1]

    @pytest.mark.parametrize(("active", "places"), [(True, [1]), (False, [0])])
    def test_who_asks_for_active_or_ended_ones_gets_those(
        self, workspace: Workspace, job: Job, active: bool, places: list[int]
    ) -> None:
        made = [make_run(job, states, trigger="api").pk for states in ("s", "q")]
        assert ids(workspace, RunFilter(trigger="api", active=active)) == [made[place] for place in places]


class TestByTime:
    @pytest.fixture
    def runs(self, workspace: Workspace, job: Job) -> list[Run]:
        """In the order of their creation, which is not that of their ids; two of one moment."""
        minutes = [(3, "s"), (1, "q"), (2, "s"), (2, "f"), (5, "q"), (4, "s")]
        made = [make_run(job, states, created_at=at(minute)) for minute, states in minutes]
        return sorted(made, key=lambda run: (run.created_at, run.pk))

    @pytest.mark.parametrize("oldest_first", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    @pytest.mark.parametrize(
        ("wanted", "kept"),
        [
            (RunFilter(since=at(1)), slice(6)),
            (RunFilter(since=at(2)), slice(1, 6)),
            (RunFilter(until=at(5)), slice(5)),
            (RunFilter(since=at(2), until=at(4)), slice(1, 4)),
            (RunFilter(since=at(6)), slice(0)),
        ],
    )
    def test_each_within_it_comes_once_in_the_order_of_creation(
        self, runs: list[Run], wanted: RunFilter, kept: slice, limit: int, oldest_first: bool
    ) -> None:
        expected = [run.pk for run in runs[kept]]
        found = ids(runs[0].workspace, wanted, oldest_first=oldest_first, limit=limit)
        assert found == (expected if oldest_first else expected[::-1])

    @pytest.mark.parametrize("ordering", [NEWEST_FIRST, OLDEST_FIRST])
    def test_a_page_goes_on_after_a_run_that_was_erased(self, workspace: Workspace, job: Job, ordering: object) -> None:
        made = [make_run(job, "s", created_at=at(minute)) for minute in range(1, 6)]
        after = made[2].pk
        made.pop(2).delete()
        descending = ordering is NEWEST_FIRST
        page = list_runs(
            workspace=workspace,
            limit=9,
            after=after,
            wanted=RunFilter(since=at(0)),
            ordering=NEWEST_FIRST if descending else OLDEST_FIRST,
        )
        expected = [made[1].pk, made[0].pk] if descending else [made[2].pk, made[3].pk]
        assert [view.run.pk for view in page] == expected

    def test_a_place_outside_of_the_time_leads_no_further_than_its_end(self, workspace: Workspace, job: Job) -> None:
        made = [make_run(job, "s", created_at=at(minute)).pk for minute in range(1, 6)]
        found = list_runs(workspace=workspace, limit=9, after=made[4], wanted=RunFilter(until=at(3)))
        assert [view.run.pk for view in found] == [made[1], made[0]]
        found = list_runs(
            workspace=workspace, limit=9, after=made[0], wanted=RunFilter(since=at(3)), ordering=OLDEST_FIRST
        )
        assert [view.run.pk for view in found] == made[2:]
