"""Publishing: one message a lane, by the task's name, after the commit. What fails here the sweep makes good."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import structlog
from amqp.exceptions import ChannelError
from celery import current_app
from kombu.exceptions import OperationalError

from jobs.claims import StartedRun
from jobs.errors import BrokerUnavailable
from jobs.kinds import SINKS_QUEUE

WORK_TASK = "jobs.work"
"""The stable name of the task that works lanes. Its arguments: ``lanes``, a list of [run id, slot]; ``single``, true when each
of them is the only lane of a run of one payload, which can be taken, executed and closed together; ``strict``, true when each of
those must be reported before the next begins; and ``at``, when it was sent, in seconds since the epoch: it tells how long it stood
in line (workers/turn_order.py)."""

OPERATION_TASK = "jobs.datasource_operation"
"""The stable name of the task that performs one operation on a datasource. Its argument: ``operation``, the id of its row."""

DELIVER_TASK = "jobs.deliver"
"""The stable name of the task that lets a worker look for sinks that are owed something. It has no arguments."""

CHECK_TASK = "jobs.check_sink"
"""The stable name of the task that tests whether a sink can be reached. Its argument: ``check``, the id of its row."""

TRIAL_TASK = "jobs.trial_call"
"""The stable name of the task that makes the one call of a payload that is being written. Its argument: ``call``, its row's id."""

_SHARED_AT_MOST = {"default": 50, "http": 10, "datasource": 1, "spark": 1}
"""How many runs of one payload may share a message, by queue. Publishing costs 0.48 ms, so many small runs travel together; a
worker that finds them slow sends the rest of the message out again, one by one."""

_MESSAGES_TO_SPREAD = 32
"""So many messages keep the workers busy: only runs beyond that share."""

log = structlog.get_logger(__name__)


class LaneMessage(NamedTuple):
    """A message to send: lanes as (run id, slot)."""

    queue: str
    lanes: list[tuple[int, int]]
    single: bool = False
    strict: bool = False


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
    alike = sorted(runs, key=_sharing)
    for (queue, strict), group in itertools.groupby(alike, key=_sharing):
        lanes = [(run.id, 0) for run in group]
        size = max(1, min(_SHARED_AT_MOST[queue], len(lanes) // _MESSAGES_TO_SPREAD))
        for start in range(0, len(lanes), size):
            yield LaneMessage(queue, lanes[start : start + size], single=True, strict=strict)


def _sharing(run: StartedRun) -> tuple[str, bool]:
    """Runs share a message when their queue is the same, and whether each must be reported by itself."""
    return run.queue, run.strict


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
                at = round(time.time(), 3)
                current_app.send_task(
                    WORK_TASK,
                    kwargs={"lanes": message.lanes, "single": message.single, "strict": message.strict, "at": at},
                    queue=message.queue,
                    producer=producer,
                    ignore_result=True,
                    retry=False,
                    argsrepr="()",  # for monitors that nobody runs here; computing them is a fifth of a publish
                    kwargsrepr="{}",
                )
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error


def publish_operation(operation_id: int) -> None:
    """Say that a datasource operation waits. Never raises: whoever waits for its answer has it published again."""
    try:
        with current_app.producer_or_acquire() as producer:
            current_app.send_task(
                OPERATION_TASK,
                kwargs={"operation": operation_id},
                queue="datasource",
                producer=producer,
                ignore_result=True,
                retry=False,
            )
    except (OperationalError, OSError) as error:
        log.warning("dispatch.broker_unavailable", operation=operation_id, reason=f"{type(error).__name__}: {error}")


def publish_deliveries() -> None:
    """Say that a sink is owed something. Never raises: the sweep says it again."""
    try:
        with current_app.producer_or_acquire() as producer:
            current_app.send_task(DELIVER_TASK, queue=SINKS_QUEUE, producer=producer, ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("dispatch.broker_unavailable", reason=f"{type(error).__name__}: {error}")


def publish_sink_check(check_id: int) -> None:
    """Say that a sink is to be tested. Never raises: whoever waits for the answer has it published again."""
    try:
        with current_app.producer_or_acquire() as producer:
            current_app.send_task(
                CHECK_TASK,
                kwargs={"check": check_id},
                queue=SINKS_QUEUE,
                producer=producer,
                ignore_result=True,
                retry=False,
            )
    except (OperationalError, OSError) as error:
        log.warning("dispatch.broker_unavailable", check=check_id, reason=f"{type(error).__name__}: {error}")


def publish_trial_call(call_id: int) -> None:
    """Say that a trial call waits. Never raises: whoever waits for its answer has it published again."""
    try:
        with current_app.producer_or_acquire() as producer:
            current_app.send_task(
                TRIAL_TASK,
                kwargs={"call": call_id},
                queue="http",
                producer=producer,
                ignore_result=True,
                retry=False,
            )
    except (OperationalError, OSError) as error:
        log.warning("dispatch.broker_unavailable", call=call_id, reason=f"{type(error).__name__}: {error}")


def depth(queue: str) -> int:
    """How many messages wait in a queue of the broker. Raises BrokerUnavailable."""
    with current_app.connection_for_read() as connection:
        unreachable: tuple[type[BaseException], ...] = (OperationalError, OSError, *connection.connection_errors)
        try:
            channel: Any = connection.default_channel
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except ChannelError:
            return 0  # to kombu, an empty list in Redis is a queue that does not exist
        except unreachable as error:
            raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error
