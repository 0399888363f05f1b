"""The database or the broker goes away under a beat: each fire time has its run, once, and nobody has to restart anything."""

import datetime as dt
import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.acceptance.figures import Measured
from tests.acceptance.payloads import noops
from tests.acceptance.process import stop_process
from tests.acceptance.system import System

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

SCHEDULES = 20
TIMES = 25
"""Of each schedule, a second apart."""
AWAY_SECONDS = 10.0


def stop_database(system: System) -> Callable[[], None]:
    system.stop_database(signal.SIGQUIT)
    return system.machine.postgres.start


def crash_broker(system: System) -> Callable[[], None]:
    system.crash_broker()
    return system.machine.redis.start


def hang_broker(system: System) -> Callable[[], None]:
    """It keeps its connections, and answers nothing."""
    pid = system.machine.redis.pid
    assert pid is not None
    stop_process(pid)
    return lambda: os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("take_away", "latest_seconds"),
    # A broker that hangs is left once it has not answered for five seconds; then its batch is the sweep's to publish.
    [(stop_database, AWAY_SECONDS + 5), (crash_broker, 2), (hang_broker, 7)],
    ids=["no database", "no broker", "a broker that hangs"],
)
def test_each_fire_time_has_its_run_whatever_goes_away(
    system: System, measured: Measured, take_away: Callable[[System], Callable[[], None]], latest_seconds: float
) -> None:
    system.start_workers(1)
    beats = [system.start_beat() for _ in range(2)]
    for beat in beats:
        beat.wait_until_ready()
    begin = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=4)
    end = begin + dt.timedelta(seconds=TIMES - 1)
    define_schedules(system, begin, end)

    time.sleep(max(0.0, begin.timestamp() + 4 - time.time()))
    bring_back = take_away(system)
    try:
        time.sleep(AWAY_SECONDS)  # The outage itself is what is tested.
    finally:
        bring_back()
    system.wait_for("every run", lambda: runs(system) >= SCHEDULES * TIMES, seconds=40)
    system.wait_for("every run's end", lambda: not runs(system, "WHERE ended_at IS NULL"), seconds=40)

    expected = [begin + dt.timedelta(seconds=second) for second in range(TIMES)]
    times = system.rows(
        "SELECT array_agg(scheduled_for ORDER BY scheduled_for) AS times FROM jobs_run GROUP BY schedule_id"
    )
    assert [row.times for row in times] == [expected] * SCHEDULES
    late = float(system.rows("SELECT extract(epoch FROM max(created_at - scheduled_for)) AS s FROM jobs_run")[0].s)
    measured("seconds_late_at_most", late)
    assert late < latest_seconds


def define_schedules(system: System, begin: dt.datetime, end: dt.datetime) -> None:
    """Schedules of one job, whose every fire time is to have a run."""
    schedule = {
        "triggers": [{"type": "every", "every": "1s"}],
        "start_date": begin.isoformat(),
        "end_date": end.isoformat(),
        "overlap": "allow_all",
        "misfire": {"policy": "all", "most": 1000},
    }
    schedules = [{**schedule, "name": f"s{number}"} for number in range(SCHEDULES)]
    document = {"key": "task:often", "payload": noops(1), "schedules": schedules}
    answer = system.machine.ask("POST", "jobs/", body=document)
    assert answer.status_code == 201, answer.text


def runs(system: System, condition: str = "") -> int:
    """How many there are."""
    return int(system.rows(f"SELECT count(*) AS runs FROM jobs_run {condition}")[0].runs)
