"""Waiting for a run's end, and how that is told."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from commandline.exits import Exit, Failure
from commandline.output import Form
from commandline.progress import Progress
from commandline.session import Session
from commandline.watching import Clock, Sleep, looks
from commandline.words import problem_of, took


def wait_for_end(
    session: Session,
    *,
    run_id: int,
    timeout_seconds: float | None,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Exit:
    """Wait, showing progress on standard error; then show the run's end on standard output.

    Returns:
        `Exit.OK` when the run succeeded, else `Exit.RUN_FAILED`.

    Raises:
        Failure: Waiting ended before the run did: by Ctrl-C, the timeout, or because the API went away. The run goes on, and the
            message says how to look again.
    """
    progress = Progress(session.output, clock=clock)
    again = f"look again with: jobsctl run wait {run_id}"
    try:
        run = _watched(
            progress,
            looks(
                api=session.api,
                run_id=run_id,
                timeout_seconds=timeout_seconds,
                away=lambda failure: progress.say(f"{failure}; trying again"),
                clock=clock,
                sleep=sleep,
            ),
        )
    except KeyboardInterrupt:
        raise Failure(Exit.INTERRUPTED, f"run {run_id} goes on; {again}") from None
    except Failure as failure:
        raise Failure(failure.code, f"{failure}\n{again}") from failure
    finally:
        progress.clear()
    return tell_end(session, run)


def tell_end(session: Session, run: dict[str, Any]) -> Exit:
    """Show how a run has ended; its exit code."""
    output = session.output
    output.answer(run, text=lambda: output.out.write(f"{_ending(session, run)}\n"))
    if run["state"] == "succeeded":
        return Exit.OK
    if output.form is Form.TEXT:
        output.note(f"what failed, and why: jobsctl run payloads {run['id']} --state failed")
    return Exit.RUN_FAILED


def _watched(progress: Progress, seen: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Show each look; the last one."""
    run: dict[str, Any] = {}
    for run in seen:
        progress.show(run)
    return run


def _ending(session: Session, run: dict[str, Any]) -> str:
    """``run 7 succeeded: 200 succeeded, 0 failed, 0 cancelled in 7.02 s``, and the error of one that failed."""
    counts = run["counts"]
    state = session.output.out.paint(run["state"])
    line = f"run {run['id']} {state}: " + ", ".join(
        f"{counts[name]} {name}" for name in ("succeeded", "failed", "cancelled")
    )
    line += f" in {took(run)}" if took(run) else ""
    return f"{line}: {problem_of(run)}" if problem_of(run) else line
