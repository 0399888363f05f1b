"""How long this system takes from a run's start until spark-submit has started. What Spark itself takes is not ours to measure."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.servers import Servers
from benchmarks.subjects.base import Sample
from benchmarks.subjects.ours import DATABASE, Ours

TIMES = 20
_PAYLOAD = {"kind": "spark", "parameters": {"python": {"text": "pass"}}}
_SUBMIT = "#!/bin/sh\ndate +%s.%N >&2\n"
"""Stands for spark-submit: says when it was started, and ends."""
_STARTS = (
    "SELECT EXTRACT(epoch FROM r.started_at)::float8, (p.result -> 'log' ->> 0)::float8"
    " FROM jobs_run AS r JOIN jobs_payload AS p ON p.run_id = r.id WHERE r.job_key = 'spark:start'"
)


class OursSpark(Ours):
    """The workers of `Ours`, with a stand-in for spark-submit and for Java, which it does not need."""

    def __init__(self, *, servers: Servers) -> None:
        super().__init__(servers=servers, database=f"{DATABASE}_spark")
        self._environment["JOBS_SPARK_TARGETS"] = '{"local": {"master": "local[1]"}}'

    def start_ms(self) -> Sample:
        """One run after another, at idle: the median and the longest, in milliseconds."""
        with tempfile.TemporaryDirectory(prefix="bench-spark-") as folder:
            for program, text in (("spark-submit", _SUBMIT), ("java", "")):
                path = Path(folder, "bin", program)
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
                path.chmod(0o755)
            self._environment |= {"JOBS_SPARK_HOME": folder, "JAVA_HOME": folder}
            return self._measure()

    def _measure(self) -> Sample:
        with self._session() as session:
            document = {"key": "spark:start", "configuration": {}}
            job_id = session.ask(do="define", document=document, payload=_PAYLOAD, count=1)["job_id"]
            for _ in range(TIMES):
                session.run(do="start", job_id=job_id)
            rows = session.connection.execute(_STARTS).fetchall()
            waits = sorted(1000 * (submitted - started) for started, submitted in rows)
            return {"p50_ms": waits[len(waits) // 2], "p99_ms": waits[-1]}
