"""Beats that die at each statement, and at each line, of firing and of dealing with ended runs: nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from jobs.models import Lane, Run
from jobs.services import control
from scheduler import services
from scheduler.models import Ending, Fire, Schedule
from scheduler.services import endings, firing, waiting
from tests.integration.engine.conftest import Broker
from tests.integration.engine.makers import expire
from tests.integration.engine.saw import Saw
from tests.integration.engine.scripted import Killed
from tests.integration.scheduler.makers import (
    ALL,
    MINUTE,
    NINE,
    after,
    cron,
    decided,
    entry,
    finish,
    fire,
    of,
    runs_of,
    save,
    standing,
    start,
    told,
)
from workers import sweep

pytestmark = [
    pytest.mark.engine,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("scripted", "left_to_beats"),
]

LINES = str(Path(services.__file__).parent)


class Killer:
    """Kills the process at the n-th line that it executes in the scheduler's services, as far as a test can: what is open is rolled
    back, what is committed stays, and nothing more is done."""

    def __init__(self) -> None:
        self.at = 0
        self.lines: list[tuple[str, int]] = []

    def moments(self, step: Callable[[], None]) -> list[int]:
        """The first and the last time at which a step executes each of the lines that it does."""
        with self.lurking(at=0):
            step()
        first = {line: at for at, line in reversed(list(enumerate(self.lines, 1)))}
        last = {line: at for at, line in enumerate(self.lines, 1)}
        return sorted({*first.values(), *last.values()})

    @contextlib.contextmanager
    def lurking(self, *, at: int) -> Iterator[None]:
        """Strike at that line from here; 0 for never."""
        self.at, self.lines = at, []
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            yield
        except Killed:
            pass
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(LINES) else None

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            self.lines.append((frame.f_code.co_filename, frame.f_lineno))
            if len(self.lines) == self.at:
                raise Killed
        return self._line


class Snapshot:
    """What stands in the tables, so that a test can begin at it again and again."""

    TABLES = (
        "scheduler_schedule",
        "scheduler_fire",
        "scheduler_ending",
        "jobs_run",
        "jobs_payload",
        "jobs_event",
        "jobs_follow_up",
    )

    def __init__(self) -> None:
        self._each("CREATE TEMP TABLE saved_{0} AS SELECT {columns} FROM {0}")

    def restore(self) -> None:
        """Put it back."""
        with transaction.atomic():
            self._each("SET LOCAL session_replication_role = replica")
            self._each("DELETE FROM {0}; INSERT INTO {0} ({columns}) TABLE saved_{0}")

    def forget(self) -> None:
        """It is not needed any more."""
        self._each("DROP TABLE saved_{0}")

    def _each(self, statement: str) -> None:
        with connection.cursor() as cursor:
            for table in self.TABLES:
                cursor.execute(_WRITTEN, [table])
                [[columns]] = cursor.fetchall()
                cursor.execute(statement.format(table, columns=columns))


_WRITTEN = """
    SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
     WHERE table_name = %s AND table_schema = 'public' AND is_generated = 'NEVER'
"""
"""A table's columns but for those that the database makes by itself."""


class World:
    """Schedules of each policy, at the moment at which their next fire times have come up."""

    NOW = NINE + 3 * MINUTE

    def __init__(self) -> None:
        grace: dict[str, Any] = {"misfire": {"grace": "1h"}}
        policies = ("skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other")
        self.schedules = [standing(overlap=overlap, parameters={"policy": overlap}) for overlap in policies]
        fire(NINE + MINUTE)
        self.schedules += [standing(**ALL, **grace), standing(actions=2, **ALL, **grace)]
        self.schedules += [standing(exclusions=[{"kind": "daily", "from": "09:00", "to": "09:03"}], **ALL, **grace)]

    def told(self) -> list[list[str]]:
        """What was decided of each; asserts that each fire has its run and each run its fire."""
        for schedule in self.schedules:
            runs_of(schedule)
        return [told(schedule) for schedule in self.schedules]


class EndedWorld:
    """Runs that ended, and nobody has dealt with what they call for: followers, buffered fires, and a pause on failure."""

    def __init__(self) -> None:
        one, other = save(), save()
        followers = [
            entry(after(one), **ALL),
            entry(after(one, other, of="all"), **ALL),
            entry(after(other), overlap="buffer_one"),
        ]
        self.schedules = [of(save(follower)) for follower in followers]
        self.schedules += [
            standing(overlap="buffer_all"),
            standing(does={"permanent": True}, pause_on_failure=True, overlap="buffer_all"),
        ]
        for minute in (1, 2):
            fire(NINE + minute * MINUTE)
        for schedule in self.schedules[3:]:
            finish(runs_of(schedule)[0])
        for job in (one, other, other):
            finish(start(job))

    def told(self) -> list[list[str]]:
        for schedule in self.schedules:
            runs_of(schedule)
        return [[*decided(each), Schedule.objects.get(pk=each.pk).state] for each in self.schedules]


def fire_all() -> None:
    """What a beat does at that moment."""
    while firing.fire_due(now=World.NOW):
        pass


def settle_all() -> None:
    """What a beat does with runs that ended."""
    while endings.settle(now=World.NOW):
        pass
    while waiting.fire_waiting():
        pass


def until_done(step: Callable[[], None]) -> None:
    """What the other beats do."""
    for _ in range(5):
        with contextlib.suppress(psycopg.OperationalError):
            step()
            return
    raise AssertionError("no beat lives")


@pytest.fixture
def saw(monkeypatch: pytest.MonkeyPatch) -> Saw:
    saw = Saw(monkeypatch)
    saw.set(at=10**9, after=False)
    return saw


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are cancelled end by the sweep, which no test here waits for."""
    monkeypatch.setattr(control, "cancel_queued", lambda *, run_id: False)


Worlds = tuple[type[World] | type[EndedWorld], Callable[[], None]]
WORLDS: dict[str, Worlds] = {"fires": (World, fire_all), "deals-with-ended-runs": (EndedWorld, settle_all)}


@pytest.fixture(params=WORLDS)
def begun(request: pytest.FixtureRequest) -> Iterator[tuple[World | EndedWorld, Callable[[], None], Snapshot]]:
    """A world, what a beat is to do in it, and the moment before."""
    make, step = WORLDS[request.param]
    world, snapshot = make(), Snapshot()
    yield world, step, snapshot
    snapshot.forget()


Begun = tuple[World | EndedWorld, Callable[[], None], Snapshot]


class TestABeatThatIsCutOff:
    """From the database, before a statement, or after it was executed and before it was told so."""

    @pytest.mark.parametrize("after_it", [False, True], ids=["before-it", "after-it"])
    def test_loses_and_doubles_nothing(self, begun: Begun, saw: Saw, after_it: bool) -> None:
        world, step, snapshot = begun
        step()
        expected = world.told()
        for at in range(1, 200):
            snapshot.restore()
            saw.set(at=at, after=after_it)
            with contextlib.suppress(psycopg.OperationalError):
                step()
            fell = saw.fell
            saw.set(at=10**9, after=False)
            until_done(step)
            assert world.told() == expected, f"cut at statement {at}"
            if not fell:
                break
        assert 6 < at < 199


class TestABeatThatIsKilled:
    """Between any two lines."""

    @pytest.mark.timeout(300)
    def test_loses_and_doubles_nothing(self, begun: Begun) -> None:
        world, step, snapshot = begun
        killer = Killer()
        moments = killer.moments(step)
        assert len(moments) > 100
        expected = world.told()
        for at in moments:
            snapshot.restore()
            with killer.lurking(at=at):
                step()
            assert len(killer.lines) == at
            until_done(step)
            assert world.told() == expected, f"killed at line {killer.lines[-1]}"

    def test_before_it_has_sent_its_messages_leaves_that_to_the_sweep(self, broker: Broker) -> None:
        schedule = standing()
        fire(NINE + MINUTE)
        broker.clear()
        (run,) = runs_of(schedule)
        assert run.wake_at is not None
        sweep.sweep_once()
        assert broker.lanes() == [(run.pk, 0)]


class TestAWorkerThatDies:
    @pytest.mark.parametrize("after_it", [False, True], ids=["before-it", "after-it"])
    def test_while_it_ends_a_run_starts_its_follower_once(self, broker: Broker, saw: Saw, after_it: bool) -> None:
        for at in range(1, 40):
            upstream = save()
            follower = of(save(entry(after(upstream), **ALL)))
            buffering = standing(cron("1-2 9 5 1 *"), overlap="buffer_one")
            for minute in (1, 2):
                fire(NINE + minute * MINUTE)
            run_ids = [start(upstream), runs_of(buffering)[0].pk]
            broker.share(run_ids)
            saw.set(at=at, after=after_it)
            with contextlib.suppress(psycopg.OperationalError):
                broker.deliver()
            fell = saw.fell
            saw.set(at=10**9, after=False)
            live_on(broker, run_ids)
            until_done(settle_all)
            assert decided(follower) == ["fired"], f"cut at statement {at}"
            assert told(buffering)[:2] == ["09:01 fired", "09:02 fired"]
            assert len(runs_of(follower)) == 1
            assert not Ending.objects.exists()
            Schedule.objects.all().delete()
            if not fell:
                break
        else:
            raise AssertionError("it has fewer statements than that")
        assert at > 3


def live_on(broker: Broker, run_ids: list[int]) -> None:
    """What the other workers do, until these runs have ended."""
    for _ in range(20):
        with contextlib.suppress(psycopg.OperationalError):
            if Lane.objects.exists():
                expire()
            Run.objects.filter(pk__in=run_ids, wake_at__isnull=False).update(wake_at=NINE)
            sweep.sweep_once()
            while broker.deliver():
                pass
        if not Run.objects.filter(pk__in=run_ids, ended_at=None).exists():
            broker.clear()
            return
    raise AssertionError("the runs do not end")


def test_what_is_expected_is_worth_expecting(broker: Broker) -> None:
    """The worlds above hold something of everything."""
    world = World()
    fire_all()
    states = {fire.state for fire in Fire.objects.all()}
    assert states == {"fired", "skipped", "buffered"}
    ended = EndedWorld()
    assert Ending.objects.filter(settled=False).count() >= 6
    settle_all()
    assert ended.told()[-1][-1] == "paused"
    assert [each[-2] for each in ended.told()] == ["fired", "fired", "buffered", "fired", "skipped paused"]
    assert world.told()[0][-1].startswith("09:03")
