"""When jobsctl run: what schedules there are, what they will do, and what they did."""

from __future__ import annotations

import functools

import click

from commandline import columns, targets
from commandline.commands.jobs import limited
from commandline.output import Form
from commandline.parameters import JOB, SCHEDULE
from commandline.session import Session, with_session
from commandline.tables import render

FIRE_STATES = ("fired", "skipped", "buffered", "waiting")


@click.command()
@click.option("--job", type=JOB, metavar="JOB", help="Those of this job.")
@click.option("--state", type=click.Choice(["active", "paused", "ended"]), help="Those in this state.")
@limited
@with_session
def schedules(session: Session, *, job: targets.Job | None, state: str | None, limit: int) -> None:
    """List the schedules of all jobs, with their next fire times."""
    page = session.api.page("schedules/", limit=limit, job=job, state=state)
    session.output.listing(page, columns.SCHEDULES, name=columns.schedule_name)


@click.command("next")
@click.argument("schedule", type=SCHEDULE)
@click.option("-n", "--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@with_session
def next_fires(session: Session, *, schedule: targets.Schedule, count: int) -> None:
    """Preview the next fire times of a schedule, and what a change of the clocks will do to them."""
    schedule = targets.named(session.api, schedule)
    found = session.api.get(f"{schedule.path}preview/", count=count)
    output = session.output
    if output.form is Form.JSON:
        output.json(found)
        return
    if output.form is Form.QUIET:
        for time in found["times"]:
            output.line(time["fire_at"])
        return
    for line in render(columns.TIMES, found["times"], screen=output.out):
        output.out.write(f"{line}\n")
    if not found["times"]:
        output.note(f"it has no fire times to come: {found['sentence']}")
    for said in (*(warning["sentence"] for warning in found["warnings"]), *found["remarks"]):
        output.note(said)


@click.command()
@click.argument("schedule", type=SCHEDULE)
@click.option("--state", type=click.Choice(FIRE_STATES), help="Those that came to this.")
@limited
@with_session
def fires(session: Session, *, schedule: targets.Schedule, state: str | None, limit: int) -> None:
    """List what was decided of each fire time of a schedule, the latest first."""
    schedule = targets.named(session.api, schedule)
    page = session.api.page(f"{schedule.path}fires/", limit=limit, state=state)
    session.output.listing(page, columns.FIRES, name=lambda fire: fire["fire_at"])


@click.command()
@click.argument("schedule", type=SCHEDULE)
@click.argument("when", metavar="TIME")
@with_session
def explain(session: Session, *, schedule: targets.Schedule, when: str) -> None:
    """Tell why a schedule did or did not run at TIME.

    TIME is an instant, a wall time of the schedule's zone such as "2026-11-20 02:30", or "yesterday 02:30".
    """
    schedule = targets.named(session.api, schedule)
    found = session.api.get(f"{schedule.path}explain/", at=when)
    session.output.answer(found, text=functools.partial(session.output.line, found["sentence"]), quiet=found["verdict"])
