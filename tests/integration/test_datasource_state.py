"""How far a datasource's loads have come: read, recorded, reset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from jobs import hotpath
from jobs.documents.datasources import stream_of
from jobs.errors import ConflictError, NotFoundError, ValidationError
from jobs.models import DatasourceState, Event, Job, RejectedRow, Run, Workspace
from jobs.services.datasource_state import (
    MAX_REJECTED,
    Rejected,
    begin_again,
    read_state,
    record_load,
    reset_state,
)
from jobs.services.jobs import delete_job
from tests.integration.datasources import make_datasource
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(workspace: Workspace) -> Iterator[Job]:
    yield make_datasource(workspace)
    hotpath.close()


@pytest.fixture
def run(job: Job) -> Run:
    return make_run(job, "s")


def read(stream: str = "flights") -> Any:
    return read_state(workspace="acme", job_key="datasource:flights", stream=stream)


def record(run: Run, generation: int, cursor: object = "2001-01-05", **parts: Any) -> bool:
    about: dict[str, Any] = {"stream": "flights", "load_key": "acme/1", "destination": "here", "position": 0} | parts
    return record_load(
        workspace="acme", job_key="datasource:flights", generation=generation, cursor=cursor, run_id=run.pk, **about
    )


class TestReading:
    def test_a_new_stream_begins_at_nothing_and_keeps_its_generation(self, job: Job) -> None:
        first, second = read(), read()
        assert (first.cursor, first.load_key) == (None, "")
        assert second == first
        assert DatasourceState.objects.count() == 1

    def test_each_payload_has_a_state_of_its_own(self, job: Job, run: Run) -> None:
        record(run, read("one").generation, stream="one")
        assert (read("one").cursor, read("two").cursor) == ("2001-01-05", None)

    def test_a_job_that_is_made_again_begins_at_nothing_in_another_generation(
        self, workspace: Workspace, job: Job
    ) -> None:
        run = make_run(job, "s")
        before = read()
        record(run, before.generation)
        delete_job(job=job, actor="test")
        make_datasource(workspace)
        after = read()
        assert after.cursor is None
        assert after.generation != before.generation

    def test_without_a_job_there_is_none(self, workspace: Workspace) -> None:
        with pytest.raises(NotFoundError, match="no job 'datasource:flights' in acme"):
            read()

    @pytest.mark.parametrize(("name", "position", "stream"), [("flights", 3, "flights"), ("", 3, "payload 3")])
    def test_a_stream_is_named_as_its_payload_or_by_its_place(self, name: str, position: int, stream: str) -> None:
        assert stream_of(name=name, position=position) == stream


class TestRecording:
    def test_the_next_load_begins_where_this_one_ended(self, job: Job, run: Run) -> None:
        state = read()
        assert record(run, state.generation, {"type": "date", "value": "2001-01-05"})
        after = read()
        assert (after.cursor, after.load_key) == ({"type": "date", "value": "2001-01-05"}, "acme/1")
        assert after.destination == "here"
        assert after.generation == state.generation

    def test_the_same_load_twice_is_once(self, job: Job, run: Run) -> None:
        generation = read().generation
        rejected = [Rejected(7, "expected a date", {"day": "soon"})]
        assert record(run, generation, rejected=rejected)
        assert record(run, generation, rejected=rejected)
        assert DatasourceState.objects.count() == 1
        assert [(row.number, row.reason, row.row) for row in RejectedRow.objects.all()] == [
            (7, "expected a date", {"day": "soon"})
        ]

    def test_a_load_that_began_before_a_reset_does_not_bring_the_cursor_back(self, job: Job, run: Run) -> None:
        generation = read().generation
        reset_state(job=job, actor="eve")
        assert not record(run, generation, rejected=[Rejected(None, "late", {})])
        assert read().cursor is None
        assert RejectedRow.objects.count() == 1

    def test_a_job_that_was_deleted_meanwhile_is_no_error(self, job: Job, run: Run) -> None:
        generation = read().generation
        job.delete()
        assert not record(run, generation)

    def test_another_payload_keeps_its_rejected_rows(self, job: Job, run: Run) -> None:
        generation = read().generation
        record(run, generation, rejected=[Rejected(1, "one", {})])
        record(run, generation, position=1, rejected=[Rejected(2, "two", {})])
        assert sorted(RejectedRow.objects.values_list("position", "reason")) == [(0, "one"), (1, "two")]

    def test_rejected_rows_are_kept_up_to_the_limit_in_their_order(self, job: Job, run: Run) -> None:
        many = [Rejected(number, "x" * 2000, {}) for number in range(1, MAX_REJECTED + 2)]
        record(run, read().generation, rejected=many)
        rows = list(RejectedRow.objects.order_by("pk"))
        assert [row.number for row in rows] == list(range(1, MAX_REJECTED + 1))
        assert len(rows[0].reason) == 1000


class TestResetting:
    def test_the_next_load_begins_at_the_beginning_and_the_event_says_who_did_it(self, job: Job, run: Run) -> None:
        before = read()
        record(run, before.generation)
        assert reset_state(job=job, actor="eve") == 1
        after = read()
        assert (after.cursor, after.load_key, after.destination) == (None, "", "")
        assert after.generation != before.generation
        event = Event.objects.get(kind="datasource.state_reset")
        assert (event.actor, event.data["streams"]) == ("eve", ["flights"])

    def test_one_stream_leaves_the_others(self, job: Job, run: Run) -> None:
        for stream in ("one", "two"):
            record(run, read(stream).generation, stream=stream)
        assert reset_state(job=job, actor="eve", stream="one") == 1
        assert (read("one").cursor, read("two").cursor) == (None, "2001-01-05")

    def test_each_stream_gets_a_generation_of_its_own(self, job: Job, run: Run) -> None:
        read("one"), read("two")
        reset_state(job=job, actor="eve")
        assert read("one").generation != read("two").generation

    def test_a_stream_that_is_none_is_refused_with_those_that_there_are(self, job: Job) -> None:
        read("one")
        with pytest.raises(ValidationError, match="no state of 'two'; it has: one"):
            reset_state(job=job, actor="eve", stream="two")

    def test_it_waits_for_active_runs(self, job: Job) -> None:
        generation = read().generation
        run = make_run(job, "q")
        with pytest.raises(ConflictError, match=r"has 1 active run\(s\): wait for their end, then reset its state"):
            reset_state(job=job, actor="eve")
        assert record(run, generation)

    def test_deleted_output_begins_again_in_the_same_generation(self, job: Job, run: Run) -> None:
        before = read()
        record(run, before.generation)
        begin_again(states=DatasourceState.objects.filter(job=job))
        after = read()
        assert (after.cursor, after.generation) == (None, before.generation)


class TestWhatTheDatabaseRefuses:
    def test_two_states_of_one_stream(self, job: Job) -> None:
        read()
        with pytest.raises(IntegrityError, match="datasource_state_once_per_stream"), transaction.atomic():
            DatasourceState.objects.create(job=job, stream="flights", generation=1)

    def test_a_load_without_its_time(self, job: Job) -> None:
        with pytest.raises(IntegrityError, match="datasource_state_fits"), transaction.atomic():
            DatasourceState.objects.create(job=job, stream="flights", generation=1, load_key="x")
