"""The arithmetic and the table of the benchmarks; nothing here looks at a clock."""

from __future__ import annotations

import pytest

from benchmarks.report import Results, Target, percentile, table
from benchmarks.servers import Servers, client_url


def results_of(*samples: tuple[str, str, str, list[float]]) -> Results:
    results = Results()
    for scenario, subject, metric, values in samples:
        for value in values:
            results.add(scenario=scenario, subject=subject, sample={metric: value})
    return results


class TestResults:
    def test_a_row_holds_the_median_of_its_rounds_with_the_unit(self) -> None:
        results = results_of(("enqueue", "ours", "seconds", [0.4, 0.1, 0.2]))

        assert results.rows() == [
            {"scenario": "enqueue", "subject": "ours", "metric": "seconds", "value": 0.2, "unit": "s"}
        ]

    def test_an_even_number_of_rounds_takes_the_mean_of_the_middle_two(self) -> None:
        results = results_of(("enqueue", "ours", "seconds", [4.0, 1.0, 2.0, 3.0]))

        assert results.median(scenario="enqueue", subject="ours", metric="seconds") == 2.5

    def test_rows_keep_scenarios_and_subjects_apart_and_in_the_order_of_measurement(self) -> None:
        results = results_of(
            ("latency", "ours", "p50_ms", [2.0]), ("latency", "celery", "p50_ms", [1.0]), ("x", "ours", "p50_ms", [3.0])
        )

        assert [(row["scenario"], row["subject"], row["value"]) for row in results.rows()] == [
            ("latency", "ours", 2.0),
            ("latency", "celery", 1.0),
            ("x", "ours", 3.0),
        ]

    def test_a_metric_without_a_unit_is_refused(self) -> None:
        with pytest.raises(KeyError, match="furlongs"):
            Results().add(scenario="enqueue", subject="ours", sample={"furlongs": 1.0})

    def test_what_was_not_measured_has_no_median(self) -> None:
        assert Results().median(scenario="enqueue", subject="ours", metric="seconds") is None


class TestTarget:
    @pytest.mark.parametrize(("value", "met"), [(12.0, True), (11.99, False)])
    def test_a_lower_bound_is_met_at_the_bound(self, value: float, met: bool) -> None:
        assert Target("done_per_second", 12, "celery").is_met(value) is met

    @pytest.mark.parametrize(("value", "met"), [(0.25, True), (0.26, False)])
    def test_an_upper_bound_is_met_at_the_bound(self, value: float, met: bool) -> None:
        assert Target("seconds", 0.25, at_least=False).is_met(value) is met


class TestTable:
    def test_a_ratio_is_of_the_medians_and_judged(self) -> None:
        results = results_of(
            ("noop", "ours", "done_per_second", [30.0, 10.0, 20.0]),
            ("noop", "celery", "done_per_second", [1.0, 9.0, 2.0]),
        )

        lines = table(results=results, targets={"noop": [Target("done_per_second", 12, "celery")]}).splitlines()

        assert lines[2].split() == [
            "noop",
            "ours",
            "done_per_second",
            "20",
            "10",
            "30",
            "10.00",
            ">=",
            "12",
            "x",
            "celery",
            "no",
        ]
        assert lines[3].split() == ["noop", "celery", "done_per_second", "2", "1", "9"]

    def test_each_further_target_has_a_line_of_its_own(self) -> None:
        results = results_of(
            ("noop", "ours", "done_per_second", [24.0]),
            ("noop", "celery", "done_per_second", [2.0]),
            ("noop", "pgqueuer", "done_per_second", [30.0]),
        )
        targets = [Target("done_per_second", 12, "celery"), Target("done_per_second", 1.1, "pgqueuer")]

        lines = table(results=results, targets={"noop": targets}).splitlines()

        assert lines[2].endswith("12.00  >= 12 x celery     yes")
        assert lines[3].split() == ["0.80", ">=", "1.1", "x", "pgqueuer", "no"]

    def test_a_plain_value_has_no_ratio(self) -> None:
        results = results_of(("enqueue", "ours", "seconds", [0.2]))

        line = table(results=results, targets={"enqueue": [Target("seconds", 0.25, at_least=False)]}).splitlines()[2]

        assert line.split() == ["enqueue", "ours", "seconds", "0.2", "0.2", "0.2", "<=", "0.25", "yes"]

    def test_a_subject_may_be_held_against_another_metric_of_its_own(self) -> None:
        results = results_of(
            ("history", "ours", "done_per_second", [95.0]), ("history", "ours", "baseline_per_second", [100.0])
        )
        target = Target("done_per_second", 0.9, "ours", peer_metric="baseline_per_second")

        line = table(results=results, targets={"history": [target]}).splitlines()[2]

        assert line.endswith("0.95   >= 0.9 x ours baseline_per_second  yes")

    def test_without_the_peer_there_is_no_verdict(self) -> None:
        results = results_of(("noop", "ours", "done_per_second", [24.0]))

        line = table(results=results, targets={"noop": [Target("done_per_second", 12, "celery")]}).splitlines()[2]

        assert line.endswith(">= 12 x celery")


class TestPercentile:
    @pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (1, 1)])
    def test_it_is_the_nearest_rank(self, percent: float, expected: float) -> None:
        assert percentile([float(value) for value in range(100, 0, -1)], percent=percent) == expected

    def test_of_one_value_it_is_that_value(self) -> None:
        assert percentile([7.0], percent=99) == 7.0

    def test_of_nothing_it_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no values"):
            percentile([], percent=50)


class TestServers:
    @pytest.mark.parametrize(
        ("broker_url", "expected"),
        [
            ("redis://:pw@host:6380/0", "redis://:pw@host:6380/9"),
            ("redis+socket:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=9"),
            ("redis+socket:///run/redis.sock?virtual_host=3", "redis+socket:///run/redis.sock?virtual_host=9"),
        ],
    )
    def test_a_subject_gets_a_numbered_database_of_the_same_redis(self, broker_url: str, expected: str) -> None:
        assert Servers("postgresql://u:p@h/jobs", broker_url).broker(number=9) == expected

    def test_another_broker_than_redis_is_refused(self) -> None:
        with pytest.raises(ValueError, match="BROKER_URL must be redis"):
            Servers("postgresql://u:p@h/jobs", "amqp://host").broker(number=9)

    def test_a_socket_folder_in_the_database_url_survives(self) -> None:
        servers = Servers("postgresql://u:p@%2Frun%2FPg/jobs", "redis://host")

        assert servers.database(name="bench") == "postgresql://u:p@%2Frun%2FPg/bench"

    def test_a_socket_url_is_put_into_words_that_the_client_knows(self) -> None:
        assert client_url(url="redis+socket:///run/redis.sock?virtual_host=9") == "unix:///run/redis.sock?db=9"
        assert client_url(url="redis://host:6380/9") == "redis://host:6380/9"
