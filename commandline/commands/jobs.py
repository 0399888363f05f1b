"""Jobs: list, show, trigger."""

from __future__ import annotations

import functools
from typing import Any

import click

from commandline import columns, showing, targets
from commandline.exits import Exit
from commandline.output import Form
from commandline.parameters import JOB, OBJECT, SPAN, TARGET
from commandline.session import Session, with_session
from commandline.waiting import wait_for_end

limited = click.option(
    "-n", "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most."
)
timed = click.option(
    "--timeout", type=SPAN, metavar="SPAN", help="Wait so long at most, for example 90s or 10m; then end with 6."
)


@click.command("list")
@limited
@with_session
def list_jobs(session: Session, *, limit: int) -> None:
    """List the jobs of the workspace by name, with their last runs."""
    session.output.listing(session.api.page("jobs/", limit=limit), columns.JOBS, name=columns.KEY)


@click.command()
@click.argument("target", type=TARGET, metavar="JOB|RUN|SCHEDULE")
@with_session
def show(session: Session, *, target: targets.Job | targets.Run | targets.Schedule) -> None:
    """Show a job, a run or a schedule."""
    if isinstance(target, targets.Run):
        showing.show_run(session, target)
    elif isinstance(target, targets.Schedule):
        showing.show_schedule(session, target)
    else:
        showing.show_job(session, target)


@click.command()
@click.argument("job", type=JOB)
@click.option(
    "--parameters", type=OBJECT, metavar="FILE", help="JSON: the run's parameters, an object; - for standard input."
)
@click.option("--comment", default="", help="Why, for the run's history.")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="The run that has this key already is the answer. Without it each call makes a run.",
)
@click.option(
    "--wait", is_flag=True, help="Wait for the run's end, with its progress on standard error; 1 unless it succeeds."
)
@timed
@with_session
def trigger(
    session: Session,
    *,
    job: targets.Job,
    parameters: dict[str, Any] | None,
    comment: str,
    idempotency_key: str | None,
    wait: bool,
    timeout: float | None,
) -> Exit:
    """Start a run of JOB.

    A connection that is lost on the way does not start two: the request has a key, and is made again.
    """
    needs_wait(timeout, wait)
    body: dict[str, Any] = {"parameters": parameters or {}, "comment": comment}
    if idempotency_key is not None:
        body["idempotency_key"] = idempotency_key
    run = session.api.post(f"{job.path}trigger/", body)
    return started(session, run, wait=wait, timeout_seconds=timeout)


def needs_wait(timeout_seconds: float | None, wait: bool) -> None:
    """Raise click.UsageError for a timeout of nothing."""
    if timeout_seconds is not None and not wait:
        raise click.UsageError("--timeout is for --wait")


def started(session: Session, run: dict[str, Any], *, wait: bool, timeout_seconds: float | None) -> Exit:
    """Show a run that was asked for; with ``wait`` its end."""
    output = session.output
    line = f"run {run['id']} of {run['job']}: {run['state']}"
    if not wait:
        output.answer(run, text=functools.partial(output.line, line), quiet=run["id"])
        return Exit.OK
    if output.form is Form.QUIET:
        output.line(str(run["id"]))
    else:
        output.note(line)
    return wait_for_end(session, run_id=run["id"], timeout_seconds=timeout_seconds)
