"""Holding, continuing, ending and repeating."""

from __future__ import annotations

import functools
from typing import Any

import click

from commandline import targets
from commandline.commands.jobs import needs_wait, started, timed
from commandline.exits import Exit
from commandline.parameters import OBJECT, RUN, TARGET
from commandline.session import Session, with_session

Target = targets.Job | targets.Run | targets.Schedule

_note = click.option("--note", default="", help="Why; it is kept.")
_wait = click.option("--wait", is_flag=True, help="Wait for the new run's end; 1 unless it succeeds.")


@click.command()
@click.argument("target", type=TARGET, metavar="JOB|RUN|SCHEDULE")
@_note
@with_session
def pause(session: Session, *, target: Target, note: str) -> None:
    """Pause a job, a run or a schedule. Payloads at work may finish."""
    _act(session, target, "pause", note)


@click.command()
@click.argument("target", type=TARGET, metavar="JOB|RUN|SCHEDULE")
@_note
@with_session
def resume(session: Session, *, target: Target, note: str) -> None:
    """Let a job, a run or a schedule go on."""
    _act(session, target, "resume", note)


@click.command()
@click.argument("runs", type=RUN, metavar="RUN...", nargs=-1, required=True)
@_note
@with_session
def terminate(session: Session, *, runs: tuple[targets.Run, ...], note: str) -> None:
    """End runs before their time: what is queued is cancelled, what runs is stopped."""
    if len(runs) == 1:
        _act(session, runs[0], "terminate", note)
        return
    body = {"ids": [run.id for run in runs], "note": note}
    action = session.api.post("runs/bulk-terminate/", body)
    ended = action["changed"] + action["unchanged"]
    line = f"{ended} of {action['total']} runs are ended" + ("" if action["ended_at"] else "; the others follow")
    session.output.answer(action, text=functools.partial(session.output.line, line))


@click.command()
@click.argument("run_id", type=RUN, metavar="RUN")
@click.option("--failed", is_flag=True, help="Only what failed or was cancelled.")
@click.option("--snapshot", is_flag=True, help="The job as it was when the run began, not as it is now.")
@click.option(
    "--parameters", type=OBJECT, metavar="FILE", help="JSON: other parameters than the run's; - for standard input."
)
@click.option("--comment", default="", help="Why, for the new run's history.")
@_wait
@timed
@with_session
def rerun(
    session: Session,
    *,
    run_id: targets.Run,
    failed: bool,
    snapshot: bool,
    parameters: dict[str, Any] | None,
    comment: str,
    wait: bool,
    timeout: float | None,
) -> Exit:
    """Execute a run that has ended again, as a new run."""
    needs_wait(timeout, wait)
    body: dict[str, Any] = {"which": "failed" if failed else "all", "definition": "snapshot" if snapshot else "present"}
    body |= {"comment": comment} | ({} if parameters is None else {"parameters": parameters})
    run = session.api.post(f"{run_id.path}rerun/", body)
    return started(session, run, wait=wait, timeout_seconds=timeout)


@click.command()
@click.argument("run_id", type=RUN, metavar="RUN")
@click.option("--comment", default="", help="Why, for the new run's history.")
@_wait
@timed
@with_session
def replay(session: Session, *, run_id: targets.Run, comment: str, wait: bool, timeout: float | None) -> Exit:
    """Deliver the kept results of a run that has ended again, as a new run. Nothing is executed."""
    needs_wait(timeout, wait)
    run = session.api.post(f"{run_id.path}replay/", {"comment": comment})
    return started(session, run, wait=wait, timeout_seconds=timeout)


def _act(session: Session, target: Target, verb: str, note: str) -> None:
    if isinstance(target, targets.Schedule):
        target = targets.named(session.api, target)
    found = session.api.post(f"{target.path}{verb}/", {"note": note})
    already = " already" if found.get("changed") is False else ""
    line = f"{target}: {found['state']}{already}"
    session.output.answer(found, text=functools.partial(session.output.line, line))
