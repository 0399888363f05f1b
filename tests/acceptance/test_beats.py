"""Beats are killed, stopped and continued while thousands of fire times come up: each of them has exactly one run."""

import datetime as dt
import itertools
import signal
import time
from typing import Any

import pytest

from tests.acceptance.beat import Beat
from tests.acceptance.figures import Measured
from tests.acceptance.payloads import noops
from tests.acceptance.system import System

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

JOBS = 20
SCHEDULES_EACH = 100
SECONDS_BETWEEN = 10
TIMES = 12
TROUBLE_SECONDS = 15.0
DOWN = dt.timedelta(hours=1)
WAYS = {
    "runs the latest": {"policy": "latest"},
    "runs all": {"policy": "all", "most": 1000},
    "runs the last three": {"policy": "all", "most": 3},
    "skips": {"policy": "skip"},
    "looks back ten minutes": {"policy": "all", "most": 1000, "window": "10m"},
}
"""What schedules say about fire times that come up late, by the schedule's name."""


def test_with_beats_that_die_and_stand_still_each_fire_time_has_exactly_one_run(
    system: System, measured: Measured
) -> None:
    beats = [system.start_beat() for _ in range(3)]
    system.start_workers(2, slots=8)
    for beat in beats:
        beat.wait_until_ready()
    begin = define_schedules(system)
    assert time.time() < begin.timestamp(), "the first fire times came up before all schedules were saved"

    disturb(system, beats, until=begin.timestamp() + TIMES * SECONDS_BETWEEN)
    fires = JOBS * SCHEDULES_EACH * TIMES
    system.wait_for("every fire time", lambda: count(system, "scheduler_fire") >= fires, seconds=60)
    system.wait_for("every run's end", lambda: not count(system, "jobs_run WHERE ended_at IS NULL"), seconds=60)

    expected = {begin + dt.timedelta(seconds=SECONDS_BETWEEN * n) for n in range(TIMES)}
    runs = system.rows("SELECT schedule_id, array_agg(scheduled_for) AS times FROM jobs_run GROUP BY schedule_id")
    assert len(runs) == JOBS * SCHEDULES_EACH
    assert [run for run in runs if len(run.times) != TIMES or set(run.times) != expected] == []
    assert count(system, "jobs_run WHERE state <> 'succeeded' OR trigger <> 'schedule'") == 0
    assert count(system, "scheduler_fire WHERE state <> 'fired'") == 0
    assert (
        count(system, "jobs_run AS r JOIN scheduler_fire AS f ON f.run_id = r.id AND f.fire_at = r.scheduled_for")
        == fires
    )
    measured("seconds_late_at_most", float(system.rows(LATEST)[0].seconds))


LATEST = "SELECT extract(epoch FROM max(created_at - scheduled_for)) AS seconds FROM jobs_run"


def test_after_an_hour_without_a_beat_each_schedule_catches_up_as_it_says(system: System) -> None:
    end = recent_time() - dt.timedelta(seconds=SECONDS_BETWEEN)
    begin = end - DOWN
    schedule = {**every("1m", begin, end), "triggers": [{"type": "every", "every": "1m", "offset": f"{begin.second}s"}]}
    save(system, "task:late", [{**schedule, "name": name, "misfire": misfire} for name, misfire in WAYS.items()])
    # The schedules are as a beat leaves them that was ended an hour ago.
    system.rows(
        "UPDATE scheduler_schedule SET state = 'active', decided_until = %s, next_fire_at = %s, next_run_at = %s RETURNING id",
        *[begin - dt.timedelta(seconds=1), begin, begin],
    )
    system.start_beat()
    minutes = 61
    system.wait_for("every decision", lambda: count(system, "scheduler_fire") >= minutes * len(WAYS), seconds=60)

    fired, skipped = decisions(system, "fired"), decisions(system, "skipped")
    assert {name: len(times) for name, times in fired.items()} == {
        "runs the latest": 1,
        "runs all": minutes,
        "runs the last three": 3,
        "skips": 1,
        "looks back ten minutes": 10,
    }
    times = fired["runs all"]
    assert times[0] == begin
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [dt.timedelta(minutes=1)] * (
        minutes - 1
    )
    for name in WAYS:
        assert sorted(fired[name] + skipped.get(name, [])) == times, f"{name}: each fire time has its row"
        assert fired[name] == times[-len(fired[name]) :], f"{name}: it is the newest that run"


def define_schedules(system: System) -> dt.datetime:
    """Save the schedules, which all begin at the same time, soon; when that is."""
    begin = recent_time() + dt.timedelta(seconds=4 * SECONDS_BETWEEN)
    end = begin + dt.timedelta(seconds=SECONDS_BETWEEN * (TIMES - 1))
    for job in range(JOBS):
        schedule = every(f"{SECONDS_BETWEEN}s", begin, end)
        save(system, f"task:job-{job}", [{**schedule, "name": f"s{number}"} for number in range(SCHEDULES_EACH)])
    return begin


def every(duration: str, begin: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    """A schedule whose every fire time is to have a run, however late it comes up and whatever runs already."""
    return {
        "triggers": [{"type": "every", "every": duration}],
        "start_date": begin.isoformat(),
        "end_date": end.isoformat(),
        "overlap": "allow_all",
        "misfire": {"policy": "all", "most": 1000},
    }


def save(system: System, key: str, schedules: list[dict[str, Any]]) -> None:
    answer = system.machine.ask("POST", "jobs/", body={"key": key, "payload": noops(1), "schedules": schedules})
    assert answer.status_code == 201, answer.text


def recent_time() -> dt.datetime:
    """The last whole ten seconds."""
    now = dt.datetime.now(dt.UTC)
    return now.replace(second=now.second // SECONDS_BETWEEN * SECONDS_BETWEEN, microsecond=0)


def disturb(system: System, beats: list[Beat], *, until: float) -> None:
    """In turns: kill a beat and start another, and let one stand still until the next turn. In the middle empty the broker."""
    middle = (time.time() + until) / 2
    stopped: Beat | None = None
    while (now := time.time()) < until:
        if stopped:
            stopped.send(signal.SIGCONT)
        killed, stopped, _ = beats
        killed.kill()
        stopped.send(signal.SIGSTOP)
        beats[:] = [beats[2], system.start_beat(), stopped]
        if now < middle <= now + TROUBLE_SECONDS:
            with system.machine.broker() as broker:
                broker.flushall()
        time.sleep(min(TROUBLE_SECONDS, max(0.0, until - time.time())))  # The trouble itself is what is tested.
    if stopped:
        stopped.send(signal.SIGCONT)


def decisions(system: System, state: str) -> dict[str, list[dt.datetime]]:
    """The fire times that were decided so, by the schedule's name; the oldest first."""
    rows = system.rows(
        "SELECT s.name, array_agg(f.fire_at ORDER BY f.fire_at) AS times FROM scheduler_fire AS f"
        " JOIN scheduler_schedule AS s ON s.id = f.schedule_id WHERE f.state = %s GROUP BY s.name",
        state,
    )
    return {row.name: row.times for row in rows}


def count(system: System, what: str) -> int:
    """How many rows there are."""
    return int(system.rows(f"SELECT count(*) AS rows FROM {what}")[0].rows)
