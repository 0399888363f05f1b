"""What was handed to sinks, and once more."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any

import click

from commandline import columns, targets
from commandline.commands.jobs import limited
from commandline.exits import Exit, Failure
from commandline.parameters import JOB, RUN, SINCE
from commandline.session import Session, with_session
from commandline.words import moment, problem_of

_run = click.option("--run", "run_id", type=RUN, metavar="RUN", help="Those of this run.")
_sink = click.option("--sink", metavar="NAME", help="Those to this sink; with --job to what that job means by it.")
_job = click.option("--job", type=JOB, metavar="JOB", help="Whose sink is meant.")


@click.command()
@_run
@_sink
@_job
@click.option("--state", type=click.Choice(["due", "delivered", "dead"]), help="Those in this state.")
@limited
@with_session
def deliveries(
    session: Session,
    *,
    run_id: targets.Run | None,
    sink: str | None,
    job: targets.Job | None,
    state: str | None,
    limit: int,
) -> None:
    """List the deliveries of a run or to a sink, the newest first."""
    if run_id is None and sink is None:
        raise click.UsageError("name a run with --run, or a sink with --sink")
    page = session.api.page(
        "deliveries/", limit=limit, run=None if run_id is None else run_id.id, sink=sink, job=job, state=state
    )
    session.output.listing(page, columns.DELIVERIES, name=columns.ID)


@click.command()
@click.argument("delivery_id", type=click.IntRange(1), metavar="DELIVERY")
@with_session
def delivery(session: Session, *, delivery_id: int) -> None:
    """Show a delivery, and why its attempts failed."""
    found = session.api.get(f"deliveries/{delivery_id}/")
    pairs = [
        ("delivery", found["id"]),
        ("run", found["run"]),
        ("job", found["job"]),
        ("sink", found["sink"]),
        ("state", found["state"]),
        ("error", problem_of(found)),
        ("attempts", found["attempts"]),
        ("due", moment(found["due_at"])),
        ("created", moment(found["created_at"])),
        ("ended", moment(found["ended_at"])),
        *((f"attempt {each['number']}", problem_of(each)) for each in found["failed_attempts"]),
    ]
    session.output.answer(found, text=functools.partial(session.output.details, pairs), quiet=found["id"])


@click.command()
@click.argument("delivery_ids", type=click.IntRange(1), metavar="[DELIVERY]...", nargs=-1)
@_run
@_sink
@_job
@click.option("--since", type=SINCE, metavar="WHEN", help="Of a run or a sink: what was given up since then.")
@with_session
def redeliver(
    session: Session,
    *,
    delivery_ids: tuple[int, ...],
    run_id: targets.Run | None,
    sink: str | None,
    job: targets.Job | None,
    since: float | dt.datetime | None,
) -> None:
    """Deliver again: these deliveries, or what was given up of a run or to a sink."""
    if [bool(delivery_ids), run_id is not None, sink is not None].count(True) != 1:
        raise click.UsageError("name deliveries, or a run with --run, or a sink with --sink")
    if isinstance(since, float):
        since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=since)
    asked: dict[str, Any] = {
        "deliveries": list(delivery_ids) or None,
        "run": None if run_id is None else run_id.id,
        "sink": sink,
        "job": None if job is None else job.key,
        "since": None if since is None else since.isoformat(),
    }
    body = {name: value for name, value in asked.items() if value is not None}
    found = session.api.post("deliveries/redeliver/", body)
    line = f"{found['redelivered']} deliveries are made again"
    session.output.answer(found, text=functools.partial(session.output.line, line), quiet=found["redelivered"])
    problems = list(_not_made(found))
    if delivery_ids and not found["redelivered"] and any(each["reason"] != "due" for each in found["skipped"]):
        raise Failure(Exit.REFUSED, "\n".join(problems))
    for problem in problems:
        session.output.note(problem)


def _not_made(found: dict[str, Any]) -> Iterator[str]:
    """Which were left as they are, and why."""
    for each in found["skipped"]:
        yield f"delivery {each['id']} is not made again: {each['message']}"
    if more := found["skipped_count"] - len(found["skipped"]):
        yield f"{more} more are not made again"
