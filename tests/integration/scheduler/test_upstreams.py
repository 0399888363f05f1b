"""Who waits for whom: cycles are refused by name, whoever saves at the same moment, and deleted jobs are waited for again."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection, transaction

from jobs.errors import ConflictError, NotFoundError, ValidationError
from jobs.models import Job, Workspace
from jobs.services.jobs import delete_job, save_job
from scheduler.models import Backfill, Schedule, Upstream
from scheduler.selectors.cycles import cycle_through
from scheduler.services import backfills, controls
from tests.integration.engine.makers import scripts
from tests.integration.scheduler.makers import (
    after,
    cron,
    decided,
    entry,
    finish,
    of,
    save,
    side_by_side,
    start,
    until_a_session_waits,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def refused(key: str, *schedules: dict[str, Any]) -> tuple[str, str]:
    """The field and the message with which these schedules of that job are refused."""
    before = list(Job.objects.order_by("pk").values()), list(Schedule.objects.order_by("pk").values())
    with pytest.raises(ValidationError) as caught:
        save(*schedules, key=key)
    assert before == (list(Job.objects.order_by("pk").values()), list(Schedule.objects.order_by("pk").values()))
    (error,) = caught.value.errors
    return error.field, error.message


class TestRefusing:
    def test_a_job_cannot_wait_for_itself(self) -> None:
        assert refused("task:a", entry(cron()), entry(after("task:a"), name="self")) == (
            "schedules.1.triggers.0.jobs",
            "task:a cannot wait for itself",
        )

    def test_nor_for_one_that_does_not_exist(self) -> None:
        save(key="task:b")
        assert refused("task:a", entry(cron(), after("task:b", "task:c"))) == (
            "schedules.0.triggers.1.jobs",
            "the workspace has no job 'task:c'",
        )

    def test_nor_for_one_of_another_workspace(self) -> None:
        save(key="task:z")
        other = Workspace.objects.create(slug="other", name="Other")
        save_job(workspace=other, document={"key": "task:b", "payload": scripts({})}, actor="ann")
        assert refused("task:a", entry(after("task:b")))[1] == "the workspace has no job 'task:b'"

    def test_a_cycle_of_two_is_named(self) -> None:
        save(key="task:a")
        save(entry(after("task:a")), key="task:b")
        field, message = refused("task:a", entry(after("task:b")))
        assert field == "schedules.0.triggers.0.jobs"
        assert message == "these jobs would wait for each other: task:a -> task:b -> task:a"

    def test_of_a_longer_one_the_shortest_way_is_named(self) -> None:
        save(key="task:a")
        save(entry(after("task:a")), key="task:b")
        save(entry(after("task:b")), key="task:c")
        save(entry(after("task:c", "task:b")), key="task:d")
        assert refused("task:a", entry(after("task:d")))[1].endswith(": task:a -> task:d -> task:b -> task:a")

    def test_two_ways_to_the_same_job_are_no_cycle(self) -> None:
        save(key="task:a")
        save(entry(after("task:a")), key="task:b")
        save(entry(after("task:a")), key="task:c")
        assert of(save(entry(after("task:b", "task:c", of="all")), key="task:d")).state == "active"

    def test_very_many_ways_to_the_same_job_are_looked_at_once_each(
        self, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
    ) -> None:
        """Twelve stages of five jobs, each of which waits for all of the stage before: 5^12 ways."""
        stages = [[f"task:s{stage}-{number}" for number in range(5)] for stage in range(12)]
        for before, stage in zip([None, *stages], stages, strict=False):
            for key in stage:
                save(*([entry(after(*before))] if before else []), key=key)
        last = Job.objects.get(name="s11-0")
        with django_assert_max_num_queries(13):
            assert cycle_through(job_id=last.pk) == []
        first = Schedule.objects.get(job__name="s1-0")
        Upstream.objects.create(schedule=first, trigger=9, key=last.key, job=last)
        way = cycle_through(job_id=last.pk)
        assert (way[0], way[-1], len(way)) == (last.key, last.key, 12)

    def test_a_trigger_that_is_disabled_closes_no_cycle(self) -> None:
        save(key="task:a")
        save(entry(after("task:a")), key="task:b")
        save(entry(cron(), after("task:b", enabled=False)), key="task:a")
        assert not Upstream.objects.filter(schedule__job__name="a").exists()

    def test_what_waits_no_more_closes_none(self) -> None:
        save(key="task:a")
        save(entry(after("task:a")), key="task:b")
        save(entry(cron()), key="task:b")
        assert of(save(entry(after("task:b")), key="task:a")).upstreams.count() == 1


class TestTwoWhoSaveAtOnce:
    def save_both(self, one: dict[str, Any], other: dict[str, Any]) -> list[str]:
        """Save these schedules of task:a and of task:b at the same moment; what was refused."""
        refusals: list[str] = []

        def try_to_save(key: str, schedule: dict[str, Any]) -> None:
            try:
                save(schedule, key=key)
            except ValidationError as error:
                refusals.append(str(error))

        side_by_side(
            functools.partial(try_to_save, "task:a", one),
            functools.partial(try_to_save, "task:b", other),
        )
        return refusals

    def test_and_would_close_a_cycle_one_is_refused_and_told_which(self) -> None:
        for _ in range(10):
            save(entry(cron()), key="task:a")
            save(entry(cron()), key="task:b")
            refusals = self.save_both(entry(after("task:b")), entry(after("task:a")))
            assert len(refusals) == 1
            assert "these jobs would wait for each other" in refusals[0]
            assert Upstream.objects.count() == 1
            save(entry(cron()), key="task:a")
            save(entry(cron()), key="task:b")

    def test_and_wait_for_the_same_job_both_do(self) -> None:
        save(key="task:c")
        for number in range(5):
            assert (
                self.save_both(entry(after("task:c"), notes=str(number)), entry(after("task:c"), notes=str(number)))
                == []
            )
            assert Upstream.objects.count() == 2
            assert Job.objects.get(name="c").awaited

    def test_and_one_stops_to_wait_while_the_other_begins_the_job_is_awaited(self) -> None:
        save(key="task:c")
        save(entry(after("task:c")), key="task:a")
        save(entry(cron()), key="task:b")
        for _ in range(5):
            assert self.save_both(entry(cron()), entry(after("task:c"))) == []
            assert Job.objects.get(name="c").awaited
            assert self.save_both(entry(after("task:c")), entry(cron())) == []
            assert Job.objects.get(name="c").awaited

    def test_who_saves_waits_for_who_is_saving(self) -> None:
        save(key="task:a")
        save(key="task:b")
        with transaction.atomic():
            save(entry(after("task:b")), key="task:a")
            outcome: list[str] = []
            thread = threading.Thread(target=lambda: outcome.extend(_saved(entry(after("task:a")), "task:b")))
            thread.start()
            until_a_session_waits()
            assert outcome == []
        thread.join(timeout=20)
        assert len(outcome) == 1
        assert "task:b -> task:a -> task:b" in outcome[0]


def _saved(schedule: dict[str, Any], key: str) -> list[str]:
    try:
        save(schedule, key=key)
    except ValidationError as error:
        return [str(error)]
    finally:
        connection.close()
    return []


class TestAwaited:
    def test_only_the_jobs_that_are_waited_for_are(self) -> None:
        one, other, follower = save(), save(), save()
        save(entry(after(one)), key=follower.key)
        assert [Job.objects.get(pk=job.pk).awaited for job in (one, other, follower)] == [True, False, False]
        save(entry(after(other)), key=follower.key)
        assert [Job.objects.get(pk=job.pk).awaited for job in (one, other)] == [False, True]

    def test_a_job_stays_so_while_anybody_waits(self) -> None:
        upstream = save()
        save(entry(after(upstream)), key="task:a")
        save(entry(after(upstream)), entry(after(upstream), name="too"), key="task:b")
        save(key="task:a")
        save(entry(after(upstream)), key="task:b")
        assert Job.objects.get(pk=upstream.pk).awaited
        save(key="task:b")
        assert not Job.objects.get(pk=upstream.pk).awaited


class TestADeletedJob:
    def test_is_waited_for_again_when_one_of_its_key_is_created(self) -> None:
        upstream = save(key="task:b")
        schedule = of(save(entry(after("task:b")), key="task:a"))
        delete_job(job=upstream, actor="ann")
        assert Upstream.objects.get().job_id is None
        again = save(key="task:b")
        assert again.pk != upstream.pk
        assert Upstream.objects.get().job_id == again.pk
        finish(start(again))
        assert decided(schedule) == ["fired"]

    def test_of_another_workspace_is_another(self) -> None:
        upstream = save(key="task:b")
        save(entry(after("task:b")), key="task:a")
        delete_job(job=upstream, actor="ann")
        other = Workspace.objects.create(slug="other", name="Other")
        save_job(workspace=other, document={"key": "task:b", "payload": scripts({})}, actor="ann")
        assert Upstream.objects.get().job_id is None

    def test_of_several_leaves_the_others_waited_for(self) -> None:
        gone, there = save(), save()
        schedule = of(save(entry(after(gone, there))))
        delete_job(job=gone, actor="ann")
        finish(start(there))
        assert decided(schedule) == ["fired"]

    def test_of_all_of_several_is_waited_for(self) -> None:
        gone, there = save(), save()
        schedule = of(save(entry(after(gone, there, of="all"))))
        delete_job(job=gone, actor="ann")
        finish(start(there))
        assert decided(schedule) == []

    def test_that_comes_back_closes_no_cycle(self) -> None:
        upstream = save(key="task:b")
        save(entry(after("task:b")), key="task:a")
        delete_job(job=upstream, actor="ann")
        assert refused("task:b", entry(after("task:a")))[1].endswith(": task:b -> task:a -> task:b")

    def test_that_waited_waits_no_more(self) -> None:
        upstream = save()
        follower = save(entry(after(upstream)))
        delete_job(job=follower, actor="ann")
        finish(start(upstream))
        assert not Schedule.objects.exists()
        assert not Upstream.objects.exists()

    def test_a_schedule_that_waits_for_it_cannot_be_edited_without_naming_another(self) -> None:
        upstream = save(key="task:b")
        save(entry(after("task:b")), key="task:a")
        delete_job(job=upstream, actor="ann")
        assert refused("task:a", entry(after("task:b"), notes="x"))[1] == "the workspace has no job 'task:b'"

    def test_while_its_followers_are_saved_is_deleted_or_followed_but_not_both(self) -> None:
        for number in range(10):
            upstream = save(key=f"task:b{number}")
            save(entry(after(upstream)), key="task:a")

            def rename(key: str = upstream.key, number: int = number) -> None:
                try:
                    save(entry(after(key), notes=f"{number}"), key="task:a")
                except ValidationError as error:
                    assert "has no job" in str(error)  # noqa: PT017 - whoever comes first

            def delete(job: Job = upstream) -> None:
                delete_job(job=job, actor="ann")

            side_by_side(rename, delete)
            assert not Job.objects.filter(pk=upstream.pk).exists()
            assert {row.job_id for row in Upstream.objects.all()} == {None}
            save(key="task:a")

    def test_while_its_own_schedule_is_paused_hinders_nobody(self) -> None:
        for _ in range(10):
            job = save(entry(cron()))
            schedule = of(job)

            def pause(schedule: Schedule = schedule) -> None:
                try:
                    controls.pause_schedule(schedule=schedule, actor="ann")
                except ConflictError as error:
                    assert "deleted" in str(error)  # noqa: PT017 - whoever comes first

            side_by_side(pause, functools.partial(delete_job, job=job, actor="ann"))
            assert not Schedule.objects.filter(pk=schedule.pk).exists()

    def test_while_a_backfill_of_it_is_cancelled_hinders_nobody(self) -> None:
        for _ in range(10):
            job = save(entry(cron()))
            schedule = of(job)
            backfill = Backfill.objects.create(
                workspace_id=job.workspace_id,
                schedule=schedule,
                start_at=schedule.created_at,
                end_at=schedule.created_at,
            )

            def cancel(backfill: Backfill = backfill) -> None:
                with contextlib.suppress(NotFoundError, Backfill.DoesNotExist):
                    backfills.cancel_backfill(backfill=backfill, actor="ann")

            side_by_side(cancel, functools.partial(delete_job, job=job, actor="ann"))
            assert not Backfill.objects.exists()
