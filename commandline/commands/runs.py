"""Runs: list, show, wait, and what they consist of."""

from __future__ import annotations

import functools
from typing import Any

import click

from commandline import columns, showing, targets
from commandline.commands.jobs import limited, timed
from commandline.exits import Exit
from commandline.parameters import JOB, PAYLOADS, RUN
from commandline.session import Session, with_session
from commandline.waiting import wait_for_end

STATES = ("pending", "running", "pausing", "paused", "resuming", "cancelling", "succeeded", "failed", "cancelled")
PAYLOAD_STATES = ("queued", "running", "succeeded", "failed", "cancelled")


@click.command("runs")
@click.option("--job", type=JOB, metavar="JOB", help="Those of this job.")
@click.option("--state", type=click.Choice(STATES), help="Those in this state.")
@limited
@with_session
def list_runs(session: Session, *, job: targets.Job | None, state: str | None, limit: int) -> None:
    """List the runs, the newest first."""
    page = session.api.page("runs/", limit=limit, job=job, state=state)
    session.output.listing(page, columns.RUNS, name=columns.ID)


@click.group()
def run() -> None:
    """Look at one run, wait for it, add to it."""


@run.command("show")
@click.argument("run_id", type=RUN, metavar="RUN")
@with_session
def show_run(session: Session, *, run_id: targets.Run) -> None:
    """Show where a run stands, and why."""
    showing.show_run(session, run_id)


@run.command("wait")
@click.argument("run_id", type=RUN, metavar="RUN")
@timed
@with_session
def wait(session: Session, *, run_id: targets.Run, timeout: float | None) -> Exit:
    """Wait for a run's end, with its progress on standard error; end with 1 unless it succeeds."""
    return wait_for_end(session, run_id=run_id.id, timeout_seconds=timeout)


@run.command("payloads")
@click.argument("run_id", type=RUN, metavar="RUN")
@click.option("--state", type=click.Choice(PAYLOAD_STATES), help="Those in this state.")
@limited
@with_session
def payloads(session: Session, *, run_id: targets.Run, state: str | None, limit: int) -> None:
    """List a run's payloads: what became of each, and why it failed."""
    page = session.api.page(f"{run_id.path}payloads/", limit=limit, state=state)
    session.output.listing(page, columns.PAYLOADS, name=lambda payload: payload["position"])


@run.command("events")
@click.argument("run_id", type=RUN, metavar="RUN")
@limited
@with_session
def events(session: Session, *, run_id: targets.Run, limit: int) -> None:
    """List what happened to a run, the oldest first."""
    page = session.api.page(f"{run_id.path}events/", limit=limit)
    session.output.listing(page, columns.EVENTS, name=columns.ID)


@run.command("extend")
@click.argument("run_id", type=RUN, metavar="RUN")
@click.option(
    "--payload", type=PAYLOADS, metavar="FILE", required=True, help="JSON: a list of payloads; - for standard input."
)
@click.option("--idempotency-key", metavar="KEY", help="A call with a key that was made already adds nothing.")
@with_session
def extend(session: Session, *, run_id: targets.Run, payload: list[Any], idempotency_key: str | None) -> None:
    """Add payloads to a run that has not ended."""
    added = session.api.post(f"{run_id.path}payloads/", payload, key=idempotency_key)
    were = "payload was" if added["added"] == 1 else "payloads were"
    line = f"{run_id}: {added['added']} {were} added, {added['cancelled']} of them cancelled at once"
    session.output.answer(added, text=functools.partial(session.output.line, line), quiet=added["added"])
