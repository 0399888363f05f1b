"""``python -m benchmarks.apps.apscheduler_beat COUNT SECONDS``: jobs in PostgreSQL, each of which fires once.

Reads on standard input when they are to be due, in seconds since the epoch. Prints when they were stored and then, when all were
executed or so many seconds after they were due, when each was executed: a JSON value a line.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime

import psycopg
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import create_engine

_fired: list[float] = []


def noop() -> None:
    """Do nothing, and tell when."""
    _fired.append(time.time())


def main(*, count: int, seconds: float) -> None:
    """Add the jobs, say so, read when they are due, fire them."""
    # SQLAlchemy does not read a folder of sockets in a URL.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(os.environ["BENCH_DATABASE_URL"]))
    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(engine=engine)}, timezone=UTC)
    scheduler.start(paused=True)
    due_at = datetime.fromtimestamp(float(sys.stdin.readline()), UTC)
    for _ in range(count):
        trigger = CronTrigger(hour=due_at.hour, minute=due_at.minute, second=due_at.second, timezone=UTC)
        scheduler.add_job(noop, trigger, misfire_grace_time=None)
    print(time.time(), flush=True)
    scheduler.resume()
    while len(_fired) < count and time.time() < due_at.timestamp() + seconds:
        time.sleep(0.1)
    print(json.dumps(_fired), flush=True)


if __name__ == "__main__":
    main(count=int(sys.argv[1]), seconds=float(sys.argv[2]))
