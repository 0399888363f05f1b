"""Which fires the ends of other jobs' runs call for."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from jobs.durations import parse_ms
from scheduler import claims
from scheduler.claims import Claimed, Connection, EndingRow
from scheduler.definition import Definition
from scheduler.documents import JobTrigger
from scheduler.states import ScheduleState


def call_for_fires(
    connection: Connection, schedule: Claimed, definition: Definition, endings: Iterable[EndingRow]
) -> set[int]:
    """Add a waiting fire for each end, or set of ends, that a trigger of a schedule waits for.

    Args:
        connection: Whose transaction has locked the schedule.
        schedule: Which.
        definition: What it says.
        endings: Those kept for it, by id.

    Returns:
        The ids of the endings to keep, because others are waited for.
    """
    if schedule.state != ScheduleState.ACTIVE or not definition.document.enabled:
        return set()
    by_trigger: dict[int, list[EndingRow]] = defaultdict(list)
    for ending in endings:
        by_trigger[ending.trigger].append(ending)
    kept: set[int] = set()
    for place, trigger in definition.document.job_triggers:
        mode, results = trigger.rule
        awaited = [ending for ending in by_trigger[place] if ending.job_key in trigger.jobs]
        if mode == "any":
            calling = [[ending] for ending in awaited if not ending.settled and ending.state in results]
        else:
            calling, rest = _all_of(trigger, awaited)
            kept |= rest
        for together in calling:
            _add(connection, schedule, definition, trigger, together)
    return kept


def _all_of(trigger: JobTrigger, endings: Iterable[EndingRow]) -> tuple[list[list[EndingRow]], set[int]]:
    """(what calls for fires: each time the newest end of each of the jobs, once all of them count; the ids to keep until then).

    One end after the other, so that it makes no difference whether they are dealt with one by one or together.
    """
    _, results = trigger.rule
    calling: list[list[EndingRow]] = []
    newest: dict[str, EndingRow] = {}
    for ending in endings:
        newest[ending.job_key] = ending
        if len(newest) == len(trigger.jobs) and all(each.state in results for each in newest.values()):
            calling.append(sorted(newest.values(), key=lambda each: each.id))
            newest = {}
    return calling, {ending.id for ending in newest.values()}


def _add(
    connection: Connection,
    schedule: Claimed,
    definition: Definition,
    trigger: JobTrigger,
    endings: Sequence[EndingRow],
) -> None:
    """The fire is named by the last of the runs that called for it. Beyond the schedule's first and last day it is not owed."""
    last = endings[-1]
    fire_at = max(ending.ended_at for ending in endings)
    due_at = fire_at + dt.timedelta(milliseconds=parse_ms(trigger.delay))
    start, end = definition.union.start, definition.union.end
    if (start is not None and due_at < start) or (end is not None and due_at > end):
        return
    upstream = [_parameters(ending) for ending in endings]
    claims.add_waiting(
        connection,
        schedule_id=schedule.id,
        fire_at=fire_at,
        cause=f"{last.trigger}:{last.run_id}",
        due_at=due_at,
        parameters={"upstream": upstream if len(trigger.jobs) > 1 else upstream[0]},
    )


def _parameters(ending: EndingRow) -> dict[str, Any]:
    """What the run that is started is told of one that called for it."""
    told = {"job": ending.job_key, "run": ending.run_id, "state": ending.state, "result": ending.result}
    return told if ending.bytes_left_out is None else {**told, "result_bytes_left_out": ending.bytes_left_out}
