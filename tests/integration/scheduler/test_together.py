"""Many at once: beats fire each time once, and who edits, pauses, ends and deletes meanwhile waits for nobody forever."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import random
import threading
from collections.abc import Callable

import pytest
from django.db import connections

from jobs import hotpath
from jobs.errors import ConflictError
from jobs.models import Job, Payload, Run
from jobs.services import control
from jobs.services.jobs import delete_job
from scheduler import claims
from scheduler.models import Ending, Fire, Schedule
from scheduler.services import controls, firing
from tests.integration.engine.conftest import Broker
from tests.integration.scheduler.makers import (
    ALL,
    MINUTE,
    NINE,
    SECOND,
    after,
    and_disconnect,
    beat,
    cron,
    edit,
    entry,
    fresh,
    of,
    runs_of,
    save,
    side_by_side,
    standing,
    told,
    until_a_session_waits,
)
from workers import sweep, turns

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

EACH_SECOND = cron("* * * * * ?")


class TestFourBeats:
    def test_fire_each_time_once(self, broker: Broker) -> None:
        schedules = [standing(parameters={"number": number}, misfire={"grace": "1h"}, **ALL) for number in range(120)]

        def fire() -> None:
            while firing.fire_due(now=NINE + 3 * MINUTE, take=7):
                pass

        side_by_side(*[fire] * 4)
        for schedule in schedules:
            assert told(schedule) == ["09:01 fired", "09:02 fired", "09:03 fired"]
            assert len(runs_of(schedule)) == 3
        assert sorted(broker.lanes()) == sorted((run.pk, 0) for run in Run.objects.all())

    def test_whose_clocks_differ_fire_each_time_once(self) -> None:
        schedules = [standing(misfire={"grace": "1h"}, **ALL) for _ in range(10)]

        def fire(seed: int) -> None:
            clock = random.Random(seed)
            for minute in range(1, 16):
                firing.fire_due(now=NINE + minute * MINUTE + clock.uniform(-90, 90) * SECOND, take=3)

        side_by_side(*[functools.partial(fire, seed) for seed in range(4)])
        beat(NINE + 16 * MINUTE)
        for schedule in schedules:
            assert told(schedule) == [f"09:{minute:02} fired" for minute in range(1, 17)]
            assert len(runs_of(schedule)) == 16

    def test_share_the_work(self) -> None:
        for _ in range(40):
            standing()
        claimed = [0] * 4

        def fire(number: int) -> None:
            while count := firing.fire_due(now=NINE + MINUTE, take=2):
                claimed[number] += count

        side_by_side(*[functools.partial(fire, number) for number in range(4)])
        assert sum(claimed) == 40
        assert max(claimed) < 40


class TestWhoDeletesASchedule:
    """Fires have no foreign key to it: the locks must do."""

    @pytest.mark.parametrize(
        "delete",
        [
            pytest.param(lambda schedule: save(key=schedule.job.key), id="by itself"),
            pytest.param(lambda schedule: delete_job(job=schedule.job, actor="ann"), id="with its job"),
        ],
    )
    def test_waits_for_the_beat_that_has_it_and_takes_what_it_decided_along(
        self, delete: Callable[[Schedule], object]
    ) -> None:
        schedule = standing()
        deleting = threading.Thread(target=and_disconnect, args=(functools.partial(delete, schedule),))
        with hotpath.connection() as beats, beats.transaction():
            assert [each.id for each in claims.claim_due(beats, take=1, now=NINE + MINUTE)] == [schedule.pk]
            deleting.start()
            until_a_session_waits()
            skipped = claims.FireRow(schedule.pk, NINE + MINUTE, "skipped", "misfire")
            claims.record_fires(beats, fires=[skipped], moves=[], now=NINE + MINUTE)
        deleting.join(timeout=30)
        assert not Schedule.objects.filter(pk=schedule.pk).exists()
        assert not Fire.objects.filter(schedule_id=schedule.pk).exists()


class Crowd:
    """Actors in threads of their own: some do their number of acts, the others go on until those are done."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.over = threading.Event()

    def gather(
        self, *, acting: list[Callable[[random.Random], None]], serving: list[Callable[[], object]], acts: int
    ) -> None:
        """Let them go, and wait for the end."""
        actors = [
            threading.Thread(target=self._guarded, args=(functools.partial(self._act, act, seed, acts),))
            for seed, act in enumerate(acting)
        ]
        servants = [
            threading.Thread(target=self._guarded, args=(functools.partial(self._serve, serve),)) for serve in serving
        ]
        for thread in (*actors, *servants):
            thread.start()
        for thread in actors:
            thread.join(timeout=90)
        self.over.set()
        for thread in servants:
            thread.join(timeout=30)
        assert not any(thread.is_alive() for thread in (*actors, *servants))

    def _act(self, act: Callable[[random.Random], None], seed: int, acts: int) -> None:
        chance = random.Random(seed)
        for _ in range(acts):
            act(chance)

    def _serve(self, serve: Callable[[], object]) -> None:
        while not self.over.is_set():
            serve()

    def _guarded(self, go: Callable[[], None]) -> None:
        try:
            go()
        except BaseException as error:  # handed to the test, which fails with it
            self.errors.append(error)
        finally:
            connections.close_all()


def pending_runs() -> list[int]:
    with hotpath.connection() as connection:
        rows = connection.execute("SELECT id FROM jobs_run WHERE ended_at IS NULL ORDER BY random() LIMIT 5").fetchall()
    return [row.id for row in rows]


def work() -> None:
    for run_id in pending_runs():
        turns.work(lanes=[(run_id, 0)], queue="default", single=True)


def resume_all() -> None:
    for job in Job.objects.filter(state="paused"):
        control.resume_job(job=job, actor="olga")


def editing(schedules: list[Schedule], chance: random.Random) -> None:
    edit(chance.choice(schedules), notes=str(chance.random()))


def pausing(schedules: list[Schedule], chance: random.Random) -> None:
    schedule = fresh(chance.choice(schedules))
    controls.pause_schedule(schedule=schedule, actor="olga")
    controls.resume_schedule(schedule=schedule, actor="olga")


def pausing_jobs(schedules: list[Schedule], chance: random.Random) -> None:
    job = Job.objects.get(pk=chance.choice(schedules).job_id)
    control.pause_job(job=job, actor="olga")
    control.resume_job(job=job, actor="olga")


def skipping(schedules: list[Schedule], chance: random.Random) -> None:
    with contextlib.suppress(ConflictError):  # it is paused, or waits for others only
        controls.skip_next(schedule=fresh(chance.choice(schedules)), actor="olga")


def terminating(schedules: list[Schedule], chance: random.Random) -> None:
    for run in Run.objects.filter(pk__in=pending_runs()[:1]):
        control.terminate_run(run=run, actor="olga")


def coming(schedules: list[Schedule], chance: random.Random) -> None:
    """A job comes, fires, and goes."""
    job = save(entry(EACH_SECOND, overlap="buffer_all"), entry(after(schedules[0].job), name="follows"))
    firing.fire_due()
    try:
        delete_job(job=job, actor="ann")
    except ConflictError:
        save(key=job.key)  # it runs still


class TestEverybodyAtOnce:
    """By the real clock, each second."""

    @pytest.fixture
    def schedules(self) -> list[Schedule]:
        policies = ("allow_all", "skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other")
        now = dt.datetime.now(dt.UTC)
        rows = [
            standing(EACH_SECOND, at=now, overlap=policy, misfire={"policy": "all", "most": 1000})
            for policy in policies
        ]
        followers = [of(save(entry(after(*(row.job for row in rows), of=mode), **ALL))) for mode in ("any", "all")]
        return [*rows, *followers]

    @pytest.mark.timeout(200)
    def test_nobody_waits_forever_and_nothing_is_lost_or_doubled(
        self, schedules: list[Schedule], broker: Broker
    ) -> None:
        crowd = Crowd()
        crowd.gather(
            acting=[
                functools.partial(act, schedules)
                for act in (editing, editing, pausing, pausing_jobs, skipping, terminating, coming)
            ],
            serving=[beat, beat, work, work, sweep.sweep_once],
            acts=25,
        )
        assert crowd.errors == []
        self.drain()
        assert not Ending.objects.filter(settled=False).exists()
        assert not Fire.objects.filter(state__in=["waiting", "buffered"]).exists()
        for schedule in schedules:
            assert fresh(schedule).problem == ""
            runs_of(schedule)
            causes = list(Fire.objects.filter(schedule=schedule).values_list("fire_at", "cause"))
            assert len(causes) == len(set(causes))
        assert Run.objects.filter(trigger="job").count() > 0
        assert not Fire.objects.exclude(schedule__in=Schedule.objects.values("pk")).exists()
        assert not Payload.objects.exclude(run__in=Run.objects.values("pk")).exists()

    def test_beats_miss_no_second_while_others_are_edited(self, broker: Broker) -> None:
        now = dt.datetime.now(dt.UTC)
        kept = [
            standing(EACH_SECOND, at=now - 60 * SECOND, misfire={"policy": "all", "most": 1000}, **ALL)
            for _ in range(3)
        ]
        edited = [standing(EACH_SECOND, at=now) for _ in range(3)]

        crowd = Crowd()
        crowd.gather(acting=[functools.partial(editing, edited)] * 2, serving=[beat, beat, beat], acts=30)
        assert crowd.errors == []
        for schedule in kept:
            times = [run.scheduled_for for run in runs_of(schedule)]
            first, last = times[0], times[-1]
            assert first is not None
            assert last is not None
            assert times == [first + number * SECOND for number in range(round((last - first).total_seconds()) + 1)]
            assert first - (now - 60 * SECOND) <= SECOND

    def drain(self) -> None:
        """Until nothing is left to do but what comes up."""
        Schedule.objects.update(next_fire_at=None, next_run_at=None)
        resume_all()
        for _ in range(400):
            beat()
            sweep.sweep_once()
            work()
            if not (Run.objects.filter(ended_at=None).exists() or Fire.objects.filter(state="waiting").exists()):
                beat()
                return
        raise AssertionError("the runs do not end")
