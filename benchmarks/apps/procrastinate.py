"""The app of ``procrastinate --app=benchmarks.apps.procrastinate.app worker``."""

import os

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_DATABASE_URL"]))


async def noop() -> None:
    """Do nothing."""


app.task(name="noop")(noop)
