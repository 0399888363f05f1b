"""A run's chain: what it came from, and what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Job, Run
from jobs.selectors.chain import MAX_ANCESTORS, MAX_OFFSPRING, chain
from jobs.states import Trigger
from tests.integration.people import make_job, make_workspace
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return make_job(make_workspace())


def from_(origin: Run, trigger: Trigger, **columns: Any) -> Run:
    assert origin.job is not None
    return make_run(origin.job, "s", origin=origin, trigger=trigger, **columns)


def ids(runs: list[Run]) -> list[int]:
    return [run.pk for run in runs]


def test_a_run_that_came_from_none_and_of_which_nothing_came_stands_alone(job: Job) -> None:
    found = chain(run=make_run(job, "s"))
    assert (found.origin, found.ancestors, found.started, found.reruns, found.replays) == (None, [], [], [], [])
    assert found.more == frozenset()


def test_what_came_of_it_is_told_by_kind_the_newest_first(job: Job) -> None:
    run, other = make_run(job, "f"), make_run(job, "f")
    first, second = (from_(run, Trigger.RERUN) for _ in range(2))
    replayed = from_(run, Trigger.REPLAY)
    started = from_(run, Trigger.JOB)
    from_(other, Trigger.RERUN)
    from_(first, Trigger.RERUN)
    found = chain(run=run)
    assert (ids(found.reruns), ids(found.replays), ids(found.started)) == (
        [second.pk, first.pk],
        [replayed.pk],
        [started.pk],
    )


def test_what_it_came_from_is_told_the_nearest_first(job: Job) -> None:
    first = make_run(job, "f", trigger=Trigger.SCHEDULE)
    second = from_(first, Trigger.JOB)
    third = from_(second, Trigger.RERUN)
    found = chain(run=third)
    assert (ids(found.ancestors), found.origin) == ([second.pk, first.pk], second)


def test_an_origin_that_was_erased_ends_the_line(job: Job) -> None:
    first = make_run(job, "f")
    second = from_(first, Trigger.RERUN)
    first.delete()
    assert chain(run=Run.objects.get(pk=second.pk)).ancestors == []


def test_a_long_line_is_cut_at_its_far_end(job: Job) -> None:
    line = [make_run(job, "f")]
    for _ in range(MAX_ANCESTORS + 3):
        line.append(from_(line[-1], Trigger.RERUN))
    assert ids(chain(run=line[-1]).ancestors) == ids(line[-2 : -2 - MAX_ANCESTORS : -1])


def test_of_many_the_newest_are_told_and_that_there_are_more(job: Job) -> None:
    run = make_run(job, "f")
    replays = [from_(run, Trigger.REPLAY) for _ in range(MAX_OFFSPRING)]
    assert chain(run=run).more == frozenset()
    replays.append(from_(run, Trigger.REPLAY))
    found = chain(run=run)
    assert ids(found.replays) == ids(replays[:0:-1])
    assert (found.more, found.reruns) == (frozenset({"replays"}), [])


def test_another_workspaces_runs_are_not_shown(job: Job) -> None:
    run = make_run(job, "f")
    elsewhere = make_job(make_workspace("other"))
    strange = make_run(elsewhere, "s", origin=run, trigger=Trigger.JOB)
    assert chain(run=run).started == []
    assert chain(run=strange).ancestors == []


def test_it_takes_five_queries_and_three_without_an_origin(job: Job) -> None:
    run = from_(make_run(job, "f"), Trigger.RERUN)
    from_(run, Trigger.RERUN)
    for each, most in ((run, 5), (make_run(job, "s"), 3)):
        with CaptureQueriesContext(connection) as queries:
            found = chain(run=each)
            _ = [(one.state, one.job_key, one.trigger) for one in [*found.ancestors, *found.reruns]]
        assert len(queries) == most
