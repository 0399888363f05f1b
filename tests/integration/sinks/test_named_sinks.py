"""Named sinks of a workspace: jobs refer to them, and follow their changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from jobs.errors import ConflictError, OutOfDateError, ValidationError
from jobs.models import Event, Workspace
from jobs.services.jobs import save_job
from sinks import claims, registry
from sinks.models import Delivery, Sink, Standing
from sinks.selectors.sinks import find_sink, prefill, sink_view
from sinks.services.naming import MUST_BE_NEW, delete_sink, enable_sink, save_sink
from tests.integration.engine.makers import until_somebody_waits
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target, kind
from workers.delivering import deliver_to

DOCUMENT = {"name": "lake", "kind": "obedient", "configuration": {"place": "here"}}


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return Workspace.objects.create(slug="acme", name="Acme")


@pytest.fixture
def lake(workspace: Workspace, target: Target) -> Sink:
    return save_sink(workspace=workspace, document=DOCUMENT, actor="ann")


def again(sink: Sink, *, version: int | None = None, **changes: Any) -> Sink:
    return save_sink(workspace=sink.workspace, document=DOCUMENT | changes, actor="ann", expected_version=version)


class TestSaving:
    def test_a_change_counts_the_version_and_is_in_the_event_log(self, lake: Sink) -> None:
        changed = again(lake, configuration={"place": "there"}, version=1)
        assert (changed.pk, changed.version, changed.configuration) == (lake.pk, 2, {"place": "there"})
        told = Event.objects.filter(kind="sink.saved").values_list("actor", "data__version")
        assert list(told) == [("ann", 1), ("ann", 2)]

    def test_what_says_the_same_changes_nothing(self, lake: Sink) -> None:
        assert again(lake).version == 1
        assert Event.objects.filter(kind="sink.saved").count() == 1

    def test_a_description_alone_is_a_change_that_wakes_nobody(self, lake: Sink, published: list[Any]) -> None:
        assert (again(lake, description="raw").version, published) == (2, [])

    def test_a_writer_who_saw_another_version_is_refused(self, lake: Sink) -> None:
        again(lake, description="raw")
        with pytest.raises(OutOfDateError):
            again(lake, configuration={"place": "there"}, version=1)
        assert Sink.objects.get().configuration == {"place": "here"}

    def test_a_new_one_must_not_exist(self, lake: Sink) -> None:
        with pytest.raises(ConflictError):
            again(lake, version=MUST_BE_NEW)

    @pytest.mark.parametrize(
        ("change", "field"),
        [({"kind": "nothing"}, "kind"), ({"configuration": {"x": 1}}, "configuration.x"), ({"name": " "}, "name")],
    )
    def test_what_is_wrong_is_told_by_field(self, lake: Sink, change: dict[str, Any], field: str) -> None:
        with pytest.raises(ValidationError) as refused:
            again(lake, **change)
        assert [error.field for error in refused.value.errors] == [field]

    def test_a_kind_that_cannot_deliver_what_a_job_asks_for_is_refused(
        self, lake: Sink, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        single = replace(kind(target), name="single", units=("payload",))
        monkeypatch.setitem(registry.KINDS.known, "single", single)
        make_job({"sink": "lake", "deliver": "run"})
        with pytest.raises(ValidationError, match="task:ping uses this sink"):
            again(lake, kind="single")
        assert Sink.objects.get().kind == "obedient"


class TestAJobThatUsesOne:
    def test_it_follows_the_sinks_changes_even_for_what_waits_already(self, lake: Sink, target: Target) -> None:
        end_run(make_job({"sink": "lake"}, payloads=1))
        again(lake, configuration={"place": "there"})
        assert deliver_to(sink_id=lake.pk) == 1
        assert target.opened[-1].place == "there"

    def test_a_change_gives_a_disabled_sink_another_chance_and_says_so(self, lake: Sink, published: list[Any]) -> None:
        Standing.objects.update(disabled_at=timezone.now(), disabled_reason="gone")
        again(lake, configuration={"place": "there"})
        standing = Standing.objects.get()
        assert (standing.disabled_at, standing.disabled_reason, published) == (None, "", ["deliver"])

    def test_one_that_begins_as_a_copy_does_not_follow(self, lake: Sink) -> None:
        make_job(prefill(sink=lake))
        again(lake, configuration={"place": "there"})
        assert Sink.objects.get(job__isnull=False).configuration == {"place": "here"}

    def test_a_sink_that_is_used_is_not_deleted_and_its_jobs_are_named(self, lake: Sink) -> None:
        make_job({"sink": "lake"})
        with pytest.raises(ConflictError, match="task:ping"):
            delete_sink(sink=lake, actor="ann")
        assert Sink.objects.exists()

    def test_once_it_is_used_no_more_it_goes_and_what_it_was_owed_is_dead(self, lake: Sink) -> None:
        run = end_run(make_job({"sink": "lake"}))
        make_job()
        delete_sink(sink=lake, actor="ann", expected_version=1)
        assert not Sink.objects.exists()
        assert claims.bury(sink_id=lake.pk, limit=10) == 1
        assert list(Delivery.objects.values_list("run_id", "state")) == [(run.pk, "dead")]

    def test_a_sink_is_deleted_only_as_it_was_seen(self, lake: Sink) -> None:
        with pytest.raises(OutOfDateError):
            delete_sink(sink=lake, actor="ann", expected_version=7)
        assert Sink.objects.exists()


class TestEnabling:
    def test_a_disabled_sink_is_delivered_to_again(self, lake: Sink, published: list[Any]) -> None:
        Standing.objects.update(disabled_at=timezone.now(), disabled_reason="gone", failures=3)
        assert enable_sink(sink=lake, actor="ann")
        standing = Standing.objects.get()
        assert (standing.disabled_at, standing.disabled_reason, standing.failures) == (None, "", 0)
        assert published == ["deliver"]
        assert Event.objects.filter(kind="sink.enabled", actor="ann").count() == 1

    def test_one_that_is_neither_disabled_nor_resting_is_left_alone(self, lake: Sink, published: list[Any]) -> None:
        Standing.objects.update(failures=3)
        assert not enable_sink(sink=lake, actor="ann")
        assert (Standing.objects.get().failures, published) == (3, [])


def test_readers_see_how_it_stands_with_a_sink(lake: Sink, workspace: Workspace) -> None:
    now = timezone.now()
    end_run(make_job({"sink": "lake"}))
    view = sink_view(sink=lake, now=now)
    assert (view.state, view.jobs, view.dead) == ("ready", ["task:ping"], 0)
    Standing.objects.update(retry_at=now + dt.timedelta(seconds=9))
    assert sink_view(sink=lake, now=now).state == "resting"
    Standing.objects.update(disabled_at=now, disabled_reason="gone")
    assert sink_view(sink=lake, now=now).state == "disabled"


def test_a_jobs_own_sink_is_found_by_no_name_of_the_workspace(workspace: Workspace, target: Target) -> None:
    make_job({"kind": "obedient", "name": "own"})
    with pytest.raises(Exception, match="there is no sink 'own'"):
        find_sink(workspace=workspace, name="own")


def test_the_document_of_a_job_may_name_only_what_there_is(workspace: Workspace, target: Target) -> None:
    document = {"key": "task:x", "payload": [{"kind": "noop"}], "sinks": [{"sink": "lake"}]}
    with pytest.raises(ValidationError, match="no sink named 'lake'"):
        save_job(workspace=workspace, document=document, actor="ann")


class TestTwoWhoWriteAtOnce:
    @pytest.fixture
    def both(self, workspace: Workspace, target: Target) -> list[str]:
        """The names of two sinks, the older one first."""
        names = ["first", "second"]
        for name in names:
            save_sink(workspace=workspace, document={"name": name, "kind": "obedient"}, actor="ann")
        return names

    @pytest.fixture
    def pool(self) -> Iterator[ThreadPoolExecutor]:
        """Somebody else, with a connection of his own."""
        with ThreadPoolExecutor(1) as pool:
            yield pool
            pool.submit(connections.close_all)

    def test_jobs_that_name_the_same_sink_do_not_wait_for_each_other(
        self, both: list[str], pool: ThreadPoolExecutor
    ) -> None:
        with transaction.atomic():
            make_job({"sink": "first"}, name="one")
            pool.submit(make_job, {"sink": "first"}, name="two").result(20)

    def test_a_job_that_names_them_in_another_order_waits_for_who_changes_both(
        self, both: list[str], pool: ThreadPoolExecutor, workspace: Workspace
    ) -> None:
        def change(name: str) -> None:
            document = {"name": name, "kind": "obedient", "configuration": {"place": "there"}}
            save_sink(workspace=workspace, document=document, actor="bob")

        with transaction.atomic():
            change("first")
            saved = pool.submit(make_job, {"sink": "second"}, {"sink": "first"})
            until_somebody_waits()
            change("second")
        assert len(saved.result(20).sinks) == 2
