"""What is measured, of whom, and what is to be reached. The targets' source is the table in docs/explanation/performance.md."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import requests

from benchmarks.processes import end, start
from benchmarks.report import API_CALLS, PAGES, Target, percentile
from benchmarks.scenario import Measure, Scenario
from benchmarks.schedule_scenarios import schedule_scenarios
from benchmarks.servers import Servers
from benchmarks.subjects.aiohttp_script import AiohttpScript
from benchmarks.subjects.api import OursApi
from benchmarks.subjects.base import Sample
from benchmarks.subjects.celery_bare import CeleryBare
from benchmarks.subjects.celery_results import CeleryResults
from benchmarks.subjects.cleanup import OursCleanup
from benchmarks.subjects.control import OursControl
from benchmarks.subjects.deliver_s3 import BareBoto3, OursToS3
from benchmarks.subjects.deliveries import AT_ONCE, OursDelivers
from benchmarks.subjects.generate import BareMimesis, OursGenerates
from benchmarks.subjects.history import OursWithHistory
from benchmarks.subjects.ingest import Dlt, DuckdbReader, OursIngest, PlainCopy
from benchmarks.subjects.limits import OursWithLimits
from benchmarks.subjects.live import OursLive
from benchmarks.subjects.ours import Ours, OursInPool
from benchmarks.subjects.pages import OursPages
from benchmarks.subjects.pgqueuer import PgQueuer
from benchmarks.subjects.procrastinate import Procrastinate
from benchmarks.subjects.requests_script import RequestsScript
from benchmarks.subjects.spark import OursSpark

HTTP_DELAY_SECONDS = 0.05
HTTP_COUNT = 2_000
HTTP_AT_ONCE = 50
LATENCY_TIMES = 200
SINGLE_RUNS = 2_000


def all_scenarios(*, servers: Servers) -> list[Scenario]:
    """Every scenario, in the order of the full run."""
    ours, celery = Ours(servers=servers), CeleryBare(servers=servers)
    results, procrastinate = CeleryResults(servers=servers), Procrastinate(servers=servers)
    pgqueuer, aiohttp = PgQueuer(servers=servers), AiohttpScript()
    history, large = OursWithHistory(servers=servers), OursControl(servers=servers)
    cleaner = OursCleanup(servers=servers)
    spark = OursSpark(servers=servers)
    pools = [OursInPool(servers=servers, pool=pool) for pool in ("threads", "prefork", "gevent")]
    return [
        Scenario(
            "noop_batched",
            [
                Measure(ours, lambda: ours.noops(count=10_000)),
                Measure(celery, lambda: celery.noops(count=10_000)),
                # The next two work row by row, so 2,000 tell their rate; 10,000 would take each half a minute a round.
                Measure(results, lambda: results.noops(count=2_000)),
                Measure(procrastinate, lambda: procrastinate.noops(count=2_000)),
                Measure(pgqueuer, lambda: pgqueuer.noops(count=10_000)),
            ],
            _noop_targets(),
        ),
        Scenario(
            "noop_batched_100000",
            [
                Measure(ours, lambda: ours.noops(count=100_000)),
                # Celery works message by message, so 20,000 tell its rate; 100,000 would take six minutes in three rounds.
                Measure(celery, lambda: celery.noops(count=20_000)),
                Measure(pgqueuer, lambda: pgqueuer.noops(count=100_000)),
            ],
            _noop_targets(),
        ),
        Scenario(
            "noop_strict",
            [
                Measure(ours, lambda: ours.noops(count=10_000, strict=True)),
                Measure(celery, lambda: celery.noops(count=10_000)),
            ],
            [Target("done_per_second", 1.8, "celery")],
        ),
        Scenario(
            "noop_strict_100000",
            [
                Measure(ours, lambda: ours.noops(count=100_000, strict=True)),
                Measure(celery, lambda: celery.noops(count=20_000)),
            ],
            [Target("done_per_second", 1.8, "celery")],
        ),
        Scenario(
            "single_runs",
            [
                Measure(ours, lambda: ours.single_runs(count=SINGLE_RUNS)),
                Measure(celery, lambda: celery.noops(count=SINGLE_RUNS)),
            ],
            [Target("done_per_second", 2, "celery")],
        ),
        Scenario(
            "enqueue",
            [
                Measure(ours, lambda: ours.enqueue(count=10_000)),
                Measure(celery, lambda: celery.enqueue(count=10_000)),
                Measure(procrastinate, lambda: procrastinate.enqueue(count=10_000)),
                Measure(pgqueuer, lambda: pgqueuer.enqueue(count=10_000)),
            ],
            [Target("seconds", 0.25, at_least=False)],
        ),
        Scenario(
            "http_50ms",
            [Measure(ours, lambda: _http(ours)), Measure(aiohttp, lambda: _http(aiohttp))],
            [Target("done_per_second", 0.9, "aiohttp"), Target("most_at_once", HTTP_AT_ONCE, at_least=False)],
        ),
        Scenario(
            "latency",
            [
                Measure(ours, lambda: _percentiles(ours.latency(times=LATENCY_TIMES))),
                Measure(celery, lambda: _percentiles(celery.latency(times=LATENCY_TIMES))),
            ],
            [Target("p50_ms", 2.5, "celery", at_least=False), Target("p99_ms", 3, "celery", at_least=False)],
        ),
        Scenario(
            "history",
            [
                Measure(history, lambda: history.noops(count=100_000, keep=True)),
                Measure(ours, lambda: _as_baseline(ours.noops(count=100_000))),
            ],
            [Target("done_per_second", 0.9, "ours", peer_metric="baseline_per_second")],
        ),
        Scenario(
            "control",
            [Measure(large, large.control)],
            [
                Target("pause_ms", 200, at_least=False),
                Target("terminate_ms", 200, at_least=False),
                Target("longest_wait_ms", 100, at_least=False),
                Target("extend_seconds", 1, at_least=False),
            ],
        ),
        _cleanup("cleanup_100k", cleaner, 100_000),
        _cleanup("cleanup_1m", cleaner, 1_000_000),
        *_limits(ours, OursWithLimits(servers=servers)),
        *schedule_scenarios(servers),
        _generate(),
        *_ingest(servers),
        *_deliver_s3(servers),
        _deliver_webhook(OursDelivers(servers=servers)),
        _live(OursLive(servers=servers)),
        Scenario("spark_start", [Measure(spark, spark.start_ms)], [Target("p50_ms", 300, at_least=False)]),
        _api(OursApi(servers=servers)),
        _pages(OursPages(servers=servers)),
        Scenario("pools_noop", [_noops_in(pool) for pool in pools]),
        Scenario("pools_http", [_gets_in(pool) for pool in pools]),
    ]


def _api(api: OursApi) -> Scenario:
    """1,000 jobs, 1,000,000 runs, 10,000,000 payloads; 50 requests a second of one sort after the other, and triggers."""
    return Scenario(
        "api",
        [Measure(api, lambda: api.calls() | api.triggers())],
        [
            *(Target(f"{call}_p99_ms", 50, at_least=False) for call in API_CALLS),
            Target("triggers_per_second", 300),
        ],
    )


def _pages(pages: OursPages) -> Scenario:
    """The same history, and a run of 1,000,000 payloads: each page of the web UI."""
    return Scenario(
        "pages",
        [Measure(pages, pages.pages)],
        [Target(f"{page}_p95_ms", 500 if page.startswith("large") else 300, at_least=False) for page in PAGES],
    )


def _cleanup(name: str, cleaner: OursCleanup, runs: int) -> Scenario:
    return Scenario(
        name,
        [Measure(cleaner, lambda: cleaner.cleanup(runs=runs))],
        [Target("done_per_second", 1_000), Target("p99_ms", 200, at_least=False)],
    )


def _limits(ours: Ours, limited: OursWithLimits) -> list[Scenario]:
    """What the limits cost where they do not bind. 1,000 runs of one payload at once, because so many of a job may be active; ten
    times, for they are done within a third of a second."""
    target = [Target("done_per_second", 0.85, "ours", subject="limited")]
    return [
        Scenario(
            "limits_batched",
            [Measure(limited, lambda: limited.noops(count=100_000)), Measure(ours, lambda: ours.noops(count=100_000))],
            target,
        ),
        Scenario(
            "limits_strict",
            [
                Measure(limited, lambda: limited.noops(count=10_000, strict=True)),
                Measure(ours, lambda: ours.noops(count=10_000, strict=True)),
            ],
            target,
        ),
        Scenario(
            "limits_single",
            [
                Measure(limited, lambda: limited.single_runs(count=1000, times=10)),
                Measure(ours, lambda: ours.single_runs(count=1000, times=10)),
            ],
            target,
        ),
    ]


def _generate() -> Scenario:
    """Made-up data, in the formats that cost least and most of those that stream."""
    ours = [OursGenerates(name=f"ours {kind}", kind=kind) for kind in ("csv", "jsonl", "parquet", "avro", "xml", "sql")]
    bare = BareMimesis()
    return Scenario(
        "generate",
        [Measure(bare, bare.measure), *(Measure(subject, subject.measure) for subject in ours)],
        [Target("records_per_second", 0.6, "mimesis", subject=subject.name) for subject in ours],
    )


def _ingest(servers: Servers) -> list[Scenario]:
    """A CSV file of 1,000,000 rows of ten columns."""
    ours, ours_duckdb = (OursIngest(servers=servers, kind=kind) for kind in ("postgresql", "duckdb"))
    copy, dlt, reader = PlainCopy(servers=servers), Dlt(servers=servers), DuckdbReader()
    memory = Target("peak_rss_mb", 400, at_least=False)
    return [
        Scenario(
            "ingest_postgresql",
            [Measure(ours, ours.measure), Measure(copy, copy.measure), Measure(dlt, dlt.measure)],
            [Target("seconds", 2.5, "copy", at_least=False), Target("seconds", 0.333, "dlt", at_least=False), memory],
        ),
        Scenario(
            "ingest_duckdb",
            [Measure(ours_duckdb, ours_duckdb.measure), Measure(reader, reader.measure)],
            [Target("seconds", 2, "duckdb", at_least=False), memory],
        ),
    ]


def _deliver_s3(servers: Servers) -> list[Scenario]:
    """Results of no-ops to a local S3 server: an object each, and 100,000 in one object."""
    ours, bare = OursToS3(servers=servers), BareBoto3()
    return [
        Scenario(
            "deliver_s3",
            [Measure(ours, lambda: ours.objects(count=500)), Measure(bare, lambda: bare.objects(count=500))],
            [Target("deliveries_per_second", 0.7, "boto3")],
        ),
        Scenario(
            "deliver_s3_100000",
            [Measure(ours, lambda: ours.one_object(count=100_000))],
            [Target("grown_mb", 50, at_least=False)],
        ),
    ]


def _deliver_webhook(ours: OursDelivers) -> Scenario:
    """One message for each result, to a service on this machine that answers at once."""
    script = RequestsScript()
    count, body_bytes = 5_000, 400

    def by_ours() -> Sample:
        with _http_service(delay_seconds=0) as url:
            return ours.webhook(url=url, count=count)

    def by_script() -> Sample:
        with _http_service(delay_seconds=0) as url:
            return script.deliver(url=url, count=count, at_once=AT_ONCE, body_bytes=body_bytes)

    return Scenario(
        "deliver_webhook",
        [Measure(ours, by_ours), Measure(script, by_script)],
        [Target("deliveries_per_second", 0.7, "requests")],
    )


def _live(ours: OursLive) -> Scenario:
    """Five hundred clients of one process, which polls four times a second."""
    return Scenario(
        "live",
        [Measure(ours, ours.watch)],
        [Target("p99_ms", 500, at_least=False), Target("queries_per_second", 10, at_least=False)],
    )


def _noops_in(pool: OursInPool) -> Measure:
    """As many slots as the run has lanes, for a prefork pool has a process for each."""
    return Measure(pool, lambda: pool.noops(count=50_000, threads=3))


def _gets_in(pool: OursInPool) -> Measure:
    return Measure(pool, lambda: _http(pool))


def _noop_targets() -> list[Target]:
    return [Target("done_per_second", 12, "celery"), Target("done_per_second", 1.1, "pgqueuer")]


def _http(subject: Ours | AiohttpScript) -> Sample:
    with _http_service() as url:
        sample = subject.get(url=url, count=HTTP_COUNT, at_once=HTTP_AT_ONCE)
        stats = requests.get(f"{url}stats", timeout=5).json()
    return sample | {"most_at_once": stats["most_at_once"]}


@contextlib.contextmanager
def _http_service(*, delay_seconds: float = HTTP_DELAY_SECONDS) -> Iterator[str]:
    """The local service for one measurement; gives its URL."""
    service = start(
        name="http-server", arguments=["benchmarks.http_server", str(delay_seconds)], environment={}, talk=True
    )
    try:
        port = service.stdout.readline().strip() if service.stdout else ""
        if not port:
            raise RuntimeError("the HTTP service did not start: see .data/bench/http-server.log")
        yield f"http://127.0.0.1:{port}/"
    finally:
        end([service])


def _percentiles(seconds: Sequence[float]) -> Sample:
    return {f"p{percent}_ms": percentile(seconds, percent=percent) * 1000 for percent in (50, 99)}


def _as_baseline(sample: Sample) -> Sample:
    """Keep the throughput alone, under a name of its own: the subject is the same, and the history is what differs."""
    return {"baseline_per_second": sample["done_per_second"]}
