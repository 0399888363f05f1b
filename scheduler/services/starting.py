"""Starting the runs that fires call for, within the transaction that decided them, and publishing them after it."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from django.db import OperationalError

from jobs import claims as engine
from jobs import dispatch, hotpath
from jobs.claims import StartedRun
from jobs.services import admission, control, deduplication
from jobs.services.runs import SWEEP_GRACE
from jobs.states import StopReason, Trigger
from scheduler.claims import Claimed, Connection

log = structlog.get_logger(__name__)


class Wanted(NamedTuple):
    """A run that a fire calls for."""

    schedule: Claimed
    fire_at: dt.datetime
    trigger: Trigger = Trigger.SCHEDULE
    parameters: Mapping[str, Any] | None = None
    """Beside the schedule's own."""


def start_wanted(connection: Connection, *, wanted: Sequence[Wanted], now: dt.datetime | None) -> dict[int, StartedRun]:
    """Insert the runs, in one statement for each trigger that there is.

    Returns:
        The runs by the place of what wanted them. All of them: the jobs are locked, and were active when that was decided.
    """
    alike: dict[Trigger, list[int]] = defaultdict(list)
    for at, each in enumerate(wanted):
        alike[each.trigger].append(at)
    started: dict[int, StartedRun] = {}
    for trigger, places in alike.items():
        parameters = [_parameters(wanted[at]) for at in places]
        runs = engine.start_runs(
            connection.cursor(),
            job_ids=[wanted[at].schedule.job_id for at in places],
            scheduled_for=[wanted[at].fire_at for at in places],
            schedule_ids=[wanted[at].schedule.id for at in places],
            trigger=trigger,
            actor="",
            actors=[wanted[at].schedule.principal.username for at in places],
            comment="",
            parameters_json="{}",
            now=now,
            grace=SWEEP_GRACE,
            parameters_each=[None if each == "{}" else each for each in parameters],
            digest=_digest("{}"),
            digests=[None if each == "{}" else _digest(each) for each in parameters],
        )
        # By id, which is the order in which they were asked for. Two triggers of a schedule may want a run at the same instant.
        started |= dict(zip(places, runs, strict=True))
    return started


def _parameters(wanted: Wanted) -> str:
    """What its run is given, as JSON."""
    own = wanted.schedule.parameters
    return json.dumps({**json.loads(own), **wanted.parameters}, sort_keys=True) if wanted.parameters else own


def _digest(parameters: str) -> str:
    return deduplication.digest_of(json.loads(parameters))


def stop_others(connection: Connection, *, run_ids: Sequence[int], now: dt.datetime | None) -> list[int]:
    """Begin to end runs that a newer fire replaces; `after_commit` goes on with it."""
    note = "the next fire time of its schedule came up"
    return engine.stop_runs(
        connection.cursor(), run_ids=run_ids, reason=StopReason.TERMINATED, actor="", note=note, now=now
    )


def after_commit(*, started: Sequence[StartedRun], stopped: Sequence[int] = ()) -> None:
    """Publish what was started, and cancel what is queued in what is being ended. Never raises: the sweep does what is left."""
    dispatch.publish_started([run for run in started if run.admitted])
    try:
        for run_id in stopped:
            control.cancel_queued(run_id=run_id)
        if waiting := sorted({run.job_id for run in started if not run.admitted}):
            admission.admit(job_ids=waiting)
    except (*hotpath.RETRYABLE, OperationalError) as error:
        log.warning("schedule.not_finished", reason=str(error).strip())
