"""What is late or stuck is found by looking, and told once."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from jobs.models import Job, Run, Workspace
from jobs.services.control import pause_run, resume_run
from jobs.services.runs import start_run
from jobs.states import Trigger
from scheduler.models import Schedule
from sinks.models import Delivery, Rule, Sink, Watch
from sinks.services import watching
from sinks.services.naming import save_sink
from sinks.services.ruling import save_rule
from sinks.services.watching import LOOK_SECONDS
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.obedient import Target
from tests.integration.sinks.test_delivering import deliver
from workers.noticing import tell

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def pager(target: Target) -> Sink:
    workspace, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
    return save_sink(workspace=workspace, document={"name": "pager", "kind": "obedient"}, actor="ann")


def make_rule(pager: Sink, **said: Any) -> Rule:
    document = {"name": "on-call", "sink": pager.name, **said}
    return save_rule(workspace=pager.workspace, document=document, actor="ann")


def look(minutes: float = 0) -> None:
    """A sweep, so many minutes from now; the rules' time to be looked at has come."""
    Rule.objects.update(look_at=timezone.now() - MINUTE)
    tell(now=timezone.now() + minutes * MINUTE)


def told(target: Target) -> list[tuple[str, int | None, int]]:
    """Event, run and count of all that arrived, in order."""
    deliver()
    return [(each["event"], each["run"], each["count"]) for _, notices in target.delivered for each in notices]


def begin(job: Job, *, minutes_ago: float) -> Run:
    """A run that began so many minutes ago, and goes on."""
    run = Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))
    at = timezone.now() - minutes_ago * MINUTE
    Run.objects.filter(pk=run.pk).update(state="running", created_at=at, started_at=at)
    return run


def succeed(job: Job, *, minutes: float) -> None:
    """A run that took so many minutes."""
    run = end_run(job)
    assert run.ended_at is not None
    Run.objects.filter(pk=run.pk).update(started_at=run.ended_at - minutes * MINUTE)


class TestLate:
    def test_a_run_that_has_not_begun_is_told_once(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["late"], late_after="5m")
        run_id = start_run(job=make_job(), trigger=Trigger.MANUAL)
        look(4)
        assert told(target) == []
        look(6)
        look(7)
        assert told(target) == [("run.late", run_id, 1)]

    def test_many_of_a_job_are_one_notice_and_later_ones_another(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["late"])
        job = make_job()
        ids = [start_run(job=job, trigger=Trigger.MANUAL) for _ in range(3)]
        look(6)
        later = start_run(job=job, trigger=Trigger.MANUAL)
        look(7)
        assert told(target) == [("run.late", ids[0], 3), ("run.late", later, 1)]

    def test_one_that_has_begun_or_is_held_is_not_late(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["late"])
        begin(make_job(), minutes_ago=60)
        held = Run.objects.get(pk=start_run(job=make_job(name="held"), trigger=Trigger.MANUAL))
        pause_run(run=held, actor="ann")
        look(60)
        assert told(target) == []

    def test_jobs_that_the_rule_is_not_about_are_left_out(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["late"], jobs={"keys": ["task:other"]})
        start_run(job=make_job(), trigger=Trigger.MANUAL)
        look(6)
        assert told(target) == []

    def test_a_schedule_that_no_beat_serves_is_told_once_a_fire_time(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["late"])
        job = make_job()
        at = timezone.now() - 10 * MINUTE
        schedule = Schedule.objects.create(
            workspace=job.workspace, job=job, name="nightly", document={}, next_fire_at=at, next_run_at=at
        )
        look()
        look()
        assert told(target) == [("schedule.late", None, 1)]
        Schedule.objects.filter(pk=schedule.pk).update(next_fire_at=at + MINUTE, next_run_at=at + MINUTE)
        look()
        assert told(target) == [("schedule.late", None, 1)] * 2
        assert target.delivered[0][1][0]["schedule"] == "nightly"


class TestStuck:
    def test_a_run_that_takes_longer_than_the_rule_allows_is_told_once(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck"], stuck_after="30m")
        job = make_job()
        begin(job, minutes_ago=20)
        run = begin(job, minutes_ago=40)
        look()
        look()
        assert told(target) == [("run.stuck", run.pk, 1)]

    def test_without_a_limit_three_times_the_longest_of_the_last_is_too_long(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck"])
        job = make_job()
        for minutes in (10, 20, 10, 10, 10):
            succeed(job, minutes=minutes)
        begin(job, minutes_ago=55)
        run = begin(job, minutes_ago=65)
        look()
        assert told(target) == [("run.stuck", run.pk, 1)]

    def test_it_is_not_known_from_few_runs_how_long_they_take(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck"])
        job = make_job()
        for _ in range(4):
            succeed(job, minutes=1)
        begin(job, minutes_ago=600)
        look()
        assert told(target) == []

    def test_short_runs_have_ten_minutes(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck"])
        job = make_job()
        for _ in range(5):
            succeed(job, minutes=0.1)
        begin(job, minutes_ago=9)
        look()
        assert told(target) == []

    def test_one_that_should_have_ended_by_its_own_limit_is_stuck(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck"])
        run = begin(make_job(), minutes_ago=3)
        Run.objects.filter(pk=run.pk).update(deadline_at=timezone.now() - 2 * MINUTE)
        look()
        assert told(target) == [("run.stuck", run.pk, 1)]

    def test_one_that_is_held_is_not_stuck(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck"], stuck_after="1m")
        run = begin(make_job(), minutes_ago=30)
        pause_run(run=run, actor="ann")
        look()
        assert told(target) == []

    def test_what_is_kept_back_is_not_found_again(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck"], stuck_after="1m", quiet="1h")
        job = make_job()
        first = begin(job, minutes_ago=30)
        begin(job, minutes_ago=20)
        look()
        look()
        assert told(target) == [("run.stuck", first.pk, 1)]
        look(61)
        third = begin(job, minutes_ago=5)
        look(61)
        assert told(target)[1:] == [("run.stuck", third.pk, 1)]
        assert target.delivered[-1][1][0]["kept_back"] == 1


class TestMoreThanAPage:
    """So many runs have not ended that one look reads but a part of them."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watching, "PAGE", 2)
        monkeypatch.setattr(watching, "MOST_AT_ONCE", 1)

    @staticmethod
    def sweep(rule: Rule, *, now: dt.datetime) -> bool:
        """Whether the next one has to go on."""
        tell(now=now)
        rule.refresh_from_db()
        return rule.look_at == now

    def test_late_ones_are_found_sweep_by_sweep_and_told_once(self, pager: Sink, target: Target) -> None:
        rule = make_rule(pager, events=["late"])
        ids = [start_run(job=make_job(), trigger=Trigger.MANUAL) for _ in range(5)]
        now = timezone.now() + 6 * MINUTE
        assert [self.sweep(rule, now=now) for _ in range(4)] == [True, True, False, False]
        assert sorted(told(target)) == [("run.late", ids[0], 2), ("run.late", ids[2], 2), ("run.late", ids[4], 1)]
        assert rule.look_at == now + dt.timedelta(seconds=LOOK_SECONDS)

    def test_then_it_begins_anew(self, pager: Sink, target: Target) -> None:
        rule = make_rule(pager, events=["late"])
        job = make_job()
        held = Run.objects.get(pk=start_run(job=job, trigger=Trigger.MANUAL))
        pause_run(run=held, actor="ann")
        begun = [begin(job, minutes_ago=60) for _ in range(3)]
        now = timezone.now() + 6 * MINUTE
        assert [self.sweep(rule, now=now) for _ in range(3)] == [True, True, False]
        assert told(target) == []
        resume_run(run=held, actor="ann")
        Run.objects.filter(pk__in=[run.pk for run in begun[1:]]).update(state="pending", started_at=None)
        now += MINUTE
        assert [self.sweep(rule, now=now) for _ in range(3)] == [True, True, False]
        assert sorted(told(target)) == [("run.late", held.pk, 1), ("run.late", begun[1].pk, 2)]

    def test_stuck_ones_are_found_among_those_that_are_not(self, pager: Sink, target: Target) -> None:
        rule = make_rule(pager, events=["stuck"], stuck_after="30m")
        job = make_job()
        runs = [begin(job, minutes_ago=minutes) for minutes in (5, 5, 5, 40, 50, 5, 60)]
        now = timezone.now()
        sweeps = 0
        while self.sweep(rule, now=now):
            sweeps += 1
        assert sorted(told(target)) == [("run.stuck", runs[at].pk, 1) for at in (3, 4, 6)]
        assert sweeps < 7
        look()
        assert len(told(target)) == 3

    def test_one_job_among_the_runs_of_another_is_found(self, pager: Sink, target: Target) -> None:
        rule = make_rule(pager, events=["late", "stuck"], jobs={"keys": ["task:mine"]}, stuck_after="30m")
        others = make_job(name="other")
        for _ in range(3):
            start_run(job=others, trigger=Trigger.MANUAL)
            begin(others, minutes_ago=60)
        stuck = begin(make_job(name="mine"), minutes_ago=60)
        late = start_run(job=make_job(name="mine"), trigger=Trigger.MANUAL)
        now = timezone.now() + 6 * MINUTE
        while self.sweep(rule, now=now):
            pass
        assert sorted(told(target)) == [("run.late", late, 1), ("run.stuck", stuck.pk, 1)]


class TestTwoAtOnce:
    def test_what_is_found_is_told_once(self, pager: Sink, target: Target) -> None:
        make_rule(pager, events=["stuck", "late"], stuck_after="1m", late_after="1m")
        job = make_job()
        begin(job, minutes_ago=30)
        start_run(job=job, trigger=Trigger.MANUAL)
        Rule.objects.update(look_at=timezone.now() - MINUTE)
        together = threading.Barrier(3)

        def sweep() -> None:
            try:
                together.wait()
                for minutes in range(2, 6):
                    tell(now=timezone.now() + minutes * MINUTE)
            finally:
                connections.close_all()

        sweeps = [threading.Thread(target=sweep) for _ in range(3)]
        for each in sweeps:
            each.start()
        for each in sweeps:
            each.join()
        assert sorted(event for event, _, _ in told(target)) == ["run.late", "run.stuck"]

    def test_one_that_dies_in_the_middle_has_told_nothing(
        self, pager: Sink, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_rule(pager, events=["late"], late_after="1m")
        start_run(job=make_job(), trigger=Trigger.MANUAL)

        class Killed(BaseException):
            pass

        def die(*_: Any, **__: Any) -> None:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr("sinks.services.noticing.Notice.objects.bulk_create", die)
            with pytest.raises(Killed):
                look(2)
        assert (Watch.objects.count(), Delivery.objects.count()) == (0, 0)
        look(2)
        assert [event for event, _, _ in told(target)] == ["run.late"]


class TestWhenARuleIsLookedAt:
    def test_it_is_again_after_a_while_and_not_before(self, pager: Sink, target: Target) -> None:
        rule = make_rule(pager, events=["stuck"], stuck_after="1m")
        now = timezone.now() + MINUTE
        tell(now=now)
        begin(make_job(), minutes_ago=30)
        tell(now=now + dt.timedelta(seconds=LOOK_SECONDS - 1))
        assert told(target) == []
        tell(now=now + dt.timedelta(seconds=LOOK_SECONDS))
        assert [event for event, _, _ in told(target)] == ["run.stuck"]
        rule.refresh_from_db()
        assert rule.look_at == now + dt.timedelta(seconds=2 * LOOK_SECONDS)

    def test_one_that_tells_of_ends_alone_is_never(self, pager: Sink) -> None:
        assert make_rule(pager).look_at is None

    def test_one_that_fails_does_not_keep_the_others_from_it(
        self, pager: Sink, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = make_rule(pager, events=["stuck"], stuck_after="1m", name="broken")
        make_rule(pager, events=["stuck"], stuck_after="1m")
        begin(make_job(), minutes_ago=30)
        Rule.objects.filter(pk=broken.pk).update(document={"name": "broken"})
        look()
        assert [event for event, _, _ in told(target)] == ["run.stuck"]
