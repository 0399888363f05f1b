"""A pgqueuer worker process, as ``pgq run --batch-size 50`` is, on uvloop.

Not ``pgq run`` itself: the command line of 1.6.0 fails with the newest typer.
"""

import os

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job

BATCH = 50


async def noop(job: Job) -> None:
    """Do nothing."""


async def work() -> None:
    """Connect, offer the one entry point, and work until killed."""
    queuer = PgQueuer(AsyncpgDriver(await asyncpg.connect(os.environ["BENCH_DATABASE_URL"])))
    queuer.entrypoint("noop")(noop)
    await queuer.run(batch_size=BATCH)


if __name__ == "__main__":
    uvloop.run(work())
