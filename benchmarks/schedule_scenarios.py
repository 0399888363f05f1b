"""What is measured of schedules, of whom, and what is to be reached. The targets' source is as in benchmarks/scenarios.py."""

from __future__ import annotations

from benchmarks.report import Target
from benchmarks.scenario import Measure, Scenario
from benchmarks.servers import Servers
from benchmarks.subjects.beats import OursBeats
from benchmarks.subjects.next_fire import all_three
from benchmarks.subjects.schedule_peers import ApScheduler, DjangoCeleryBeat, RedBeat


def schedule_scenarios(servers: Servers) -> list[Scenario]:
    """Schedules that are due at the same second, and such as are not due at all."""
    some, many, most = (OursBeats(servers=servers, count=count) for count in (10_000, 100_000, 1_000_000))
    apscheduler, redbeat, database = (
        ApScheduler(servers=servers),
        RedBeat(servers=servers),
        DjangoCeleryBeat(servers=servers),
    )
    none_wrong = Target("wrong_fires", 0, at_least=False)
    return [
        Scenario(
            "fires_10k",
            [
                Measure(some, some.fires),
                Measure(apscheduler, lambda: apscheduler.fires(count=10_000)),
                Measure(redbeat, lambda: redbeat.fires(count=10_000)),
                Measure(database, lambda: database.fires(count=10_000)),
            ],
            [
                Target("fires_per_second", 8, "apscheduler"),
                Target("fires_per_second", 8, "redbeat"),
                Target("fires_per_second", 200, "django-celery-beat"),
                Target("late_p99_ms", 1_500, at_least=False),
                none_wrong,
            ],
        ),
        Scenario(
            "fires_100k",
            [Measure(many, lambda: many.fires(beats=2))],
            [Target("late_p99_ms", 10_000, at_least=False), none_wrong],
        ),
        Scenario(
            "fires_1m",
            [Measure(most, lambda: most.fires(nth=100) | most.start_and_edit())],
            [
                Target("late_p99_ms", 2_000, at_least=False),
                Target("beat_rss_mb", 150, at_least=False),
                Target("start_seconds", 2, at_least=False),
                Target("edit_seconds", 1, at_least=False),
                none_wrong,
            ],
        ),
        Scenario("idle_1m", [Measure(most, most.idle)], [Target("cpu_percent", 2, at_least=False)]),
        Scenario(
            "next_fire",
            [Measure(subject, subject.measure) for subject in all_three()],
            [Target("next_us", 1, "cronsim", at_least=False)],
        ),
    ]
