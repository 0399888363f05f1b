"""Publishing: one message a lane, by the task's name, after the commit. What fails here the sweep makes good."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from jobs.claims import StartedRun
from jobs.errors import BrokerUnavailable

WORK_TASK = "jobs.work"
"""The stable name of the task that works lanes; its only argument is ``lanes``, a list of [run id, slot]."""

_SHARED_MESSAGE = {"default": 50, "http": 10, "datasource": 1, "spark": 1}
"""How many runs of one payload may share a message, by queue. Publishing costs 0.48 ms, so small runs travel together; a worker
that finds them slow sends the rest of the message out again, one by one."""

log = structlog.get_logger(__name__)


class LaneMessage(NamedTuple):
    """A message to send: lanes as (run id, slot)."""

    queue: str
    lanes: list[tuple[int, int]]


def publish_started(runs: Sequence[StartedRun]) -> None:
    """Publish the lanes of runs that were just committed. Never raises: the sweep publishes what could not be."""
    try:
        publish(messages_for(runs))
    except BrokerUnavailable as error:
        log.warning("dispatch.broker_unavailable", runs=len(runs), reason=str(error))


def messages_for(runs: Sequence[StartedRun]) -> list[LaneMessage]:
    """The messages that these runs need: single-payload runs share, others get one a lane. Slot by slot, so that of two runs
    started together each has its first lane before either has its second."""
    singles = [run for run in runs if run.total == 1]
    others = [run for run in runs if run.total != 1]
    return [*_shared(singles), *_one_a_lane(others)]


def _shared(runs: Sequence[StartedRun]) -> Iterator[LaneMessage]:
    by_queue = sorted(runs, key=lambda run: run.queue)
    for queue, group in itertools.groupby(by_queue, key=lambda run: run.queue):
        lanes = [(run.id, 0) for run in group]
        size = _SHARED_MESSAGE[queue]
        for start in range(0, len(lanes), size):
            yield LaneMessage(queue, lanes[start : start + size])


def _one_a_lane(runs: Sequence[StartedRun]) -> list[LaneMessage]:
    lanes = [(slot, run.id, run.queue) for run in runs for slot in range(max(1, min(run.max_lanes, run.total)))]
    return [LaneMessage(queue, [(run_id, slot)]) for slot, run_id, queue in sorted(lanes)]


def publish(messages: Iterable[LaneMessage]) -> None:
    """Send the messages.

    Raises:
        BrokerUnavailable: The broker did not take one of them; the ones before it were sent.
    """
    try:
        with current_app.producer_or_acquire() as producer:
            for message in messages:
                current_app.send_task(
                    WORK_TASK,
                    kwargs={"lanes": message.lanes},
                    queue=message.queue,
                    producer=producer,
                    ignore_result=True,
                    retry=False,
                )
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error


def depth(queue: str) -> int:
    """How many messages wait in a queue of the broker. Raises BrokerUnavailable."""
    try:
        with current_app.connection_for_read() as connection, connection.channel() as channel:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error
