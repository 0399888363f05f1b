"""Waiting for a run to end, for commands that tell how it ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from jobs.models import Workspace
from jobs.selectors.run_views import RunView
from jobs.selectors.runs import get_run
from jobs.states import FINAL_RUN_STATES, RunState

POLL_SECONDS = 0.2


def report_end(out: OutputWrapper, *, workspace: Workspace, run_id: int) -> None:
    """Wait until the run has ended and print its state and counts; fail unless it succeeded."""
    view = _ended(workspace, run_id)
    counts = view.counts
    out.write(f"{view.run.state}: {counts.succeeded} succeeded, {counts.failed} failed, {counts.cancelled} cancelled")
    if view.run.state != RunState.SUCCEEDED:
        raise CommandError(f"run {run_id} {view.run.state}: {_why(view.run.error or {})}")


def _why(error: Mapping[str, Any]) -> str:
    """What the run says, and under it what the first of its failed payloads say."""
    failed = [f"  {_named(each)}: {each['message']}" for each in error.get("failed", [])]
    return "\n".join([str(error.get("message", "no error was kept")), *failed])


def _named(failed: Mapping[str, Any]) -> str:
    return f"payload {failed['position']}" + (f" ({failed['name']})" if failed["name"] else "")


def _ended(workspace: Workspace, run_id: int) -> RunView:
    while True:
        view = get_run(workspace=workspace, run_id=run_id)
        if view.run.state in FINAL_RUN_STATES:
            return view
        time.sleep(POLL_SECONDS)
