"""Jobs that follow others: which ends start them, once each, with what was found out, and after how long."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from jobs import hotpath
from jobs.models import Event, Job, Run
from jobs.services import control, reruns
from jobs.states import JobState
from scheduler.models import Ending, Fire, Schedule
from scheduler.services import endings, waiting
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import in_thread, together
from tests.integration.scheduler.makers import (
    ALL,
    MINUTE,
    NINE,
    SECOND,
    after,
    beat,
    break_document,
    cron,
    decided,
    edit,
    endings_of,
    entry,
    finish,
    fresh,
    of,
    put_job_into,
    runs_of,
    save,
    start,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

RESULTS = ("succeeded", "failed", "cancelled")


def end(job: Job, result: str = "succeeded") -> int:
    """A run of the job that ends so; its id."""
    save(key=job.key, does={"permanent": True} if result == "failed" else {"result": {"rows": 7}})
    pk = start(job)
    if result == "cancelled":
        control.terminate_run(run=Run.objects.get(pk=pk), actor="ann")
    else:
        finish(pk)
    assert Run.objects.get(pk=pk).state == result
    return pk


def following(*triggers: dict[str, Any], **parts: Any) -> Schedule:
    """A job that follows others, each time that it is called for."""
    return of(save(entry(*triggers, **{**ALL, **parts})))


class TestAfterAJob:
    def test_one_run_starts_in_the_process_that_ended_the_other(self, broker: Broker) -> None:
        upstream = save()
        schedule = following(after(upstream))
        pk = end(upstream)
        (run,) = runs_of(schedule)
        assert run.trigger == "job"
        assert run.scheduled_for == Run.objects.get(pk=pk).ended_at
        assert (run.pk, 0) in broker.lanes()
        assert Fire.objects.get(schedule=schedule).cause == f"0:{pk}"
        assert not Ending.objects.exists()

    def test_its_parameters_say_what_came_of_it_beside_the_schedules_own(self) -> None:
        upstream = save()
        schedule = following(after(upstream), parameters={"day": "monday"})
        pk = end(upstream)
        assert runs_of(schedule)[0].parameters == {
            "day": "monday",
            "upstream": {"job": upstream.key, "run": pk, "state": "succeeded", "result": {"rows": 7}},
        }

    def test_a_large_result_stays_with_its_run(self) -> None:
        upstream = save()
        schedule = following(after(upstream))
        for letters in (64 * 1024 - 2, 64 * 1024 - 1):
            save(key=upstream.key, does={"result": "x" * letters})
            finish(start(upstream))
        just, beyond = (run.parameters["upstream"] for run in runs_of(schedule))
        assert (len(just["result"]), "result_bytes_left_out" in just) == (64 * 1024 - 2, False)
        assert (beyond["result"], beyond["result_bytes_left_out"]) == (None, 64 * 1024 + 1)

    def test_of_a_result_that_is_stored_elsewhere_what_is_shown_of_it_is_not_handed_on(
        self, settings: Any, tmp_path: Path
    ) -> None:
        backend = {"BACKEND": "jobs.result_files.ResultFiles", "OPTIONS": {"location": str(tmp_path)}}
        settings.STORAGES = {**settings.STORAGES, "results": backend}
        settings.JOBS_RESULT_INLINE_BYTES = 100
        upstream = save()
        schedule = following(after(upstream))
        save(key=upstream.key, does={"result": "x" * 200})
        finish(start(upstream))
        told = runs_of(schedule)[0].parameters["upstream"]
        assert (told["result"], told["result_bytes_left_out"]) == (None, 202)

    def test_each_run_of_it_starts_one(self) -> None:
        upstream = save()
        schedule = following(after(upstream))
        first, second = end(upstream), end(upstream)
        assert [run.parameters["upstream"]["run"] for run in runs_of(schedule)] == [first, second]

    def test_nothing_starts_twice_whoever_looks_and_however_often(self) -> None:
        upstream = save()
        schedule = following(after(upstream))
        pk = end(upstream)
        ended_at = Fire.objects.get(schedule=schedule).fire_at
        Ending.objects.create(
            schedule=schedule, trigger=0, job_key=upstream.key, run_id=pk, state="succeeded", ended_at=ended_at
        )
        together([endings.settle, endings.settle, waiting.fire_waiting, waiting.fire_waiting])
        beat()
        assert decided(schedule) == ["fired"]

    def test_a_job_that_others_follow_at_once_starts_each_of_them(self) -> None:
        upstream = save()
        followers = [following(after(upstream)) for _ in range(3)]
        end(upstream)
        assert [len(runs_of(each)) for each in followers] == [1, 1, 1]

    def test_a_chain_goes_through(self, broker: Broker) -> None:
        first = save()
        second = following(after(first))
        third = following(after(second.job))
        end(first)
        broker.deliver_all()
        assert [run.state for run in runs_of(third)] == ["succeeded"]

    def test_a_rerun_starts_it_again_and_a_replay_starts_nobody(self, broker: Broker) -> None:
        upstream = save()
        schedule = following(after(upstream))
        old = Run.objects.get(pk=end(upstream))
        replayed = reruns.replay(run=old, actor="ann")
        assert Run.objects.get(pk=getattr(replayed, "pk", replayed)).trigger == "replay"
        broker.deliver_all()
        assert len(runs_of(schedule)) == 1
        reruns.rerun(run=old, actor="ann", definition="snapshot")
        broker.deliver_all()
        assert len(runs_of(schedule)) == 2

    def test_overlap_is_judged_as_for_any_fire(self) -> None:
        upstream = save()
        schedule = following(after(upstream), overlap="buffer_one")
        for _ in range(3):
            end(upstream)
        assert decided(schedule) == ["fired", "buffered", "skipped overlap"]
        finish(runs_of(schedule)[0])
        assert decided(schedule) == ["fired", "fired", "skipped overlap"]
        assert runs_of(schedule)[1].trigger == "job"
        assert runs_of(schedule)[1].parameters["upstream"]["state"] == "succeeded"

    @pytest.mark.parametrize(
        ("overlap", "states"),
        [("terminate_other", ["cancelled", "pending"]), ("cancel_other", ["cancelled", "pending"])],
    )
    def test_the_former_run_is_stopped_where_the_policy_says_so(self, overlap: str, states: list[str]) -> None:
        upstream = save()
        schedule = following(after(upstream), overlap=overlap)
        end(upstream)
        end(upstream)
        beat()
        assert [run.state for run in runs_of(schedule)] == states
        assert decided(schedule) == ["fired", "fired"]

    def test_actions_are_counted(self) -> None:
        upstream = save()
        schedule = following(after(upstream), actions=2)
        for _ in range(3):
            end(upstream)
        assert decided(schedule) == ["fired", "fired"]
        assert (fresh(schedule).state, fresh(schedule).actions_left) == ("ended", 0)
        assert Event.objects.filter(kind="schedule.ended", data__schedule=schedule.pk).count() == 1


class TestWhichResults:
    @pytest.mark.parametrize("result", RESULTS)
    def test_without_more_success_alone_counts(self, result: str) -> None:
        upstream = save()
        schedule = following(after(upstream))
        end(upstream, result)
        assert len(runs_of(schedule)) == (result == "succeeded")

    @pytest.mark.parametrize("wanted", [["failed"], ["cancelled"], ["failed", "cancelled"], list(RESULTS)])
    def test_those_that_are_named_count(self, wanted: list[str]) -> None:
        upstream = save()
        schedule = following(after(upstream, results=wanted))
        for result in RESULTS:
            end(upstream, result)
        assert [run.parameters["upstream"]["state"] for run in runs_of(schedule)] == [
            each for each in RESULTS if each in wanted
        ]

    def test_a_run_that_does_not_count_leaves_no_trace(self) -> None:
        upstream = save()
        schedule = following(after(upstream))
        end(upstream, "failed")
        assert decided(schedule) == []
        assert not Ending.objects.exists()


class TestRunIf:
    """Each word over two jobs, by how the two ended."""

    @pytest.mark.parametrize(
        ("word", "pair", "starts"),
        [
            ("all_succeeded", ("succeeded", "succeeded"), 1),
            ("all_succeeded", ("succeeded", "failed"), 0),
            ("one_succeeded", ("succeeded", "failed"), 1),
            ("one_succeeded", ("failed", "succeeded"), 1),
            ("one_succeeded", ("failed", "cancelled"), 0),
            ("none_failed", ("succeeded", "cancelled"), 1),
            ("none_failed", ("succeeded", "failed"), 0),
            ("all_done", ("failed", "cancelled"), 1),
            ("one_failed", ("succeeded", "failed"), 1),
            ("one_failed", ("succeeded", "cancelled"), 0),
            ("all_failed", ("failed", "failed"), 1),
            ("all_failed", ("failed", "cancelled"), 0),
        ],
    )
    def test_word(self, word: str, pair: tuple[str, str], starts: int) -> None:
        upstreams = save(), save()
        schedule = following(after(*upstreams, run_if=word))
        for job, result in zip(upstreams, pair, strict=True):
            end(job, result)
        assert len(runs_of(schedule)) == starts


class TestAllOfSeveral:
    def test_starts_with_the_last_of_them_and_is_given_all(self) -> None:
        one, other = save(), save()
        schedule = following(after(one, other, of="all"))
        first = end(one)
        assert decided(schedule) == []
        assert endings_of(schedule) == [(one.key, "succeeded", True)]
        second = end(other)
        (run,) = runs_of(schedule)
        assert [(each["job"], each["run"]) for each in run.parameters["upstream"]] == [
            (one.key, first),
            (other.key, second),
        ]
        assert run.scheduled_for == Run.objects.get(pk=second).ended_at
        assert endings_of(schedule) == []

    def test_uses_each_end_once(self) -> None:
        one, other = save(), save()
        schedule = following(after(one, other, of="all"))
        for job in (one, other, other):
            end(job)
        assert len(runs_of(schedule)) == 1
        end(one)
        assert len(runs_of(schedule)) == 2

    def test_the_newest_end_of_each_job_counts(self) -> None:
        one, other = save(), save()
        schedule = following(after(one, other, of="all"))
        end(one, "failed")
        newest = end(one)
        end(other)
        assert runs_of(schedule)[0].parameters["upstream"][0]["run"] == newest

    def test_a_newer_end_that_does_not_count_takes_the_place_of_one_that_did(self) -> None:
        one, other = save(), save()
        schedule = following(after(one, other, of="all"))
        end(one)
        end(one, "failed")
        end(other)
        assert decided(schedule) == []
        end(one)
        assert decided(schedule) == ["fired"]

    def test_two_triggers_do_not_use_up_each_others_ends(self) -> None:
        one, two, three = save(), save(), save()
        schedule = following(after(one, two, of="all"), after(one, three, of="all"))
        end(one)
        end(two)
        end(two)
        assert decided(schedule) == ["fired"]
        end(three)
        assert decided(schedule) == ["fired", "fired"]

    def test_it_makes_no_difference_whether_they_are_dealt_with_one_by_one_or_together(self) -> None:
        one, other = save(), save()
        schedule = following(after(one, other, of="all"))
        for run_id, job in enumerate((one, other, one, other, one), start=1):
            Ending.objects.create(
                schedule=schedule, trigger=0, job_key=job.key, run_id=run_id, state="succeeded", ended_at=NINE
            )
        assert endings.settle() == 1
        assert [fire.cause for fire in Fire.objects.order_by("id")] == ["0:2", "0:4"]
        assert endings_of(schedule) == [(one.key, "succeeded", True)]

    def test_an_end_stays_with_its_trigger_when_others_are_put_before_it(self) -> None:
        one, other = save(), save()
        waits = after(one, other, of="all")
        schedule = following(waits)
        end(one)
        edit(schedule, triggers=[cron("0 0 1 1 *"), waits])
        end(other)
        assert decided(schedule) == ["fired"]

    def test_an_end_goes_with_a_trigger_that_says_something_else(self) -> None:
        one, other = save(), save()
        schedule = following(after(one, other, of="all"))
        end(one)
        edit(schedule, triggers=[after(one, other, run_if="all_done")])
        end(other)
        assert decided(schedule) == []

    def test_a_run_that_is_erased_meanwhile_counts_all_the_same(self) -> None:
        one, other = save(), save()
        schedule = following(after(one, other, of="all"))
        Run.objects.filter(pk=end(one)).delete()
        end(other)
        assert [each["result"] for each in runs_of(schedule)[0].parameters["upstream"]] == [None, {"rows": 7}]


class TestTwoTriggersAtOnce:
    def test_each_starts_a_run_of_its_own(self) -> None:
        upstream = save()
        schedule = following(after(upstream), after(upstream, results=["succeeded", "failed"]))
        end(upstream)
        assert decided(schedule) == ["fired", "fired"]
        assert len(runs_of(schedule)) == 2


class TestADelay:
    def test_is_waited_for(self) -> None:
        upstream = save()
        schedule = following(after(upstream, delay="10m"))
        ended_at = Run.objects.get(pk=end(upstream)).ended_at
        assert ended_at is not None
        beat(ended_at + 10 * MINUTE - SECOND)
        assert decided(schedule) == ["waiting"]
        beat(ended_at + 10 * MINUTE)
        assert decided(schedule) == ["fired"]
        assert runs_of(schedule)[0].scheduled_for == ended_at

    def test_that_is_long_over_is_no_lateness(self) -> None:
        upstream = save()
        schedule = following(after(upstream, delay="10m"), misfire={"policy": "skip", "grace": 0, "window": "1m"})
        end(upstream)
        beat(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
        assert decided(schedule) == ["fired"]

    def test_does_not_keep_those_waiting_that_have_none(self) -> None:
        upstream = save()
        slow, quick = following(after(upstream, delay="10m")), following(after(upstream))
        end(upstream)
        assert (decided(slow), decided(quick)) == (["waiting"], ["fired"])


class TestBounds:
    def test_before_its_start_and_after_its_end_nothing_is_owed(self) -> None:
        upstream = save()
        early, late = (
            following(after(upstream), start_date="2100-01-01"),
            following(after(upstream), end_date="2020-01-01"),
        )
        end(upstream)
        assert (decided(early), decided(late)) == ([], [])

    def test_an_excluded_time_is_skipped_and_says_so(self) -> None:
        upstream = save()
        always = [
            {"kind": "blackout", "start": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z", "comment": "closed"}
        ]
        schedule = following(after(upstream), exclusions=always)
        end(upstream)
        assert decided(schedule) == ["skipped excluded"]

    @pytest.mark.parametrize("state", [JobState.PAUSED, JobState.ARCHIVED])
    def test_a_job_that_is_not_active_does_not_follow(self, state: JobState) -> None:
        upstream = save()
        schedule = following(after(upstream))
        put_job_into(schedule, state)
        end(upstream)
        assert decided(schedule) == ["skipped job_inactive"]

    def test_a_disabled_schedule_does_not_follow(self) -> None:
        upstream = save()
        schedule = following(after(upstream), enabled=False)
        end(upstream)
        assert decided(schedule) == []
        assert not Ending.objects.exists()

    def test_a_disabled_trigger_does_not_either(self) -> None:
        upstream = save()
        schedule = following(after(upstream, enabled=False), cron())
        end(upstream)
        assert decided(schedule) == []


class TestWhoEndsTheRunDies:
    @pytest.mark.usefixtures("left_to_beats")
    def test_a_beat_starts_what_follows(self) -> None:
        upstream = save()
        schedule = following(after(upstream))
        end(upstream)
        assert decided(schedule) == []
        beat()
        assert decided(schedule) == ["fired"]

    def test_whatever_goes_wrong_with_the_followers_the_run_has_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        upstream = save()
        schedule = following(after(upstream))

        def fail(**_: object) -> int:
            raise RuntimeError("out of order")

        monkeypatch.setattr(endings, "settle", fail)
        end(upstream)
        monkeypatch.undo()
        beat()
        assert decided(schedule) == ["fired"]


class TestAScheduleThatIsLocked:
    @pytest.mark.usefixtures("left_to_beats")
    def test_does_not_keep_the_others_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (endings, waiting):
            monkeypatch.setattr(module, "BATCH", 1)
        upstream = save()
        locked, free = following(after(upstream)), following(after(upstream))
        end(upstream)
        with hotpath.connection() as engine, engine.transaction():
            engine.execute("SELECT 1 FROM scheduler_schedule WHERE id = %s FOR UPDATE", (locked.pk,))
            in_thread(beat)()
        assert (decided(locked), decided(free)) == ([], ["fired"])
        beat()
        assert decided(locked) == ["fired"]


class TestAScheduleThatCannotBeRead:
    def test_does_not_stop_the_others_and_says_why(self) -> None:
        upstream = save()
        broken, good = following(after(upstream)), following(after(upstream))
        break_document(broken)
        end(upstream)
        assert (decided(broken), decided(good)) == ([], ["fired"])
        assert "expression" in fresh(broken).problem
        assert endings_of(broken) == [(upstream.key, "succeeded", False)]

    def test_keeps_what_waits_until_it_can_be(self) -> None:
        upstream = save()
        schedule = following(after(upstream, delay="1s"))
        document = schedule.document
        end(upstream)
        break_document(schedule)
        later = dt.datetime.now(dt.UTC) + MINUTE
        beat(later)
        assert decided(schedule) == ["waiting"]
        assert fresh(schedule).problem
        assert waiting.fire_waiting(now=later + 59 * SECOND) == 0
        Schedule.objects.filter(pk=schedule.pk).update(document=document)
        beat(later + MINUTE)
        assert decided(schedule) == ["fired"]
        assert fresh(schedule).problem == ""


class TestAJobThatNobodyFollows:
    def test_leaves_no_ending(self) -> None:
        end(save())
        assert not Ending.objects.exists()

    def test_any_more_leaves_none_either(self) -> None:
        upstream = save()
        schedule = following(after(upstream))
        edit(schedule, triggers=[cron("0 0 1 1 *")])
        assert not Job.objects.get(pk=upstream.pk).awaited
        end(upstream)
        assert not Ending.objects.exists()

    def test_because_who_did_is_deleted_leaves_one_that_is_cleared_away(self) -> None:
        upstream = save()
        schedule = following(after(upstream))
        Ending.objects.create(
            schedule=schedule, trigger=0, job_key=upstream.key, run_id=1, state="succeeded", ended_at=NINE
        )
        Schedule.objects.filter(pk=schedule.pk).delete()
        Ending.objects.create(
            schedule_id=schedule.pk, trigger=0, job_key=upstream.key, run_id=2, state="succeeded", ended_at=NINE
        )
        assert endings.settle() == 0
        assert not Ending.objects.exists()
