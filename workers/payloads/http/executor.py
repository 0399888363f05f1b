"""Performs ``http`` payloads: from parameters to a call, from its answer to a result or an error."""

from __future__ import annotations

import math
import time

from django.conf import settings

from jobs.durations import parse_ms
from jobs.errors import PermanentError, TransientError
from workers.payloads.base import JSON, Work, parameters_of
from workers.payloads.http import polling
from workers.payloads.http.auth import proxy_of
from workers.payloads.http.batches import expand
from workers.payloads.http.client import Options, Response
from workers.payloads.http.conversation import Conversation
from workers.payloads.http.extending import take_added
from workers.payloads.http.guard import Guard
from workers.payloads.http.parameters import HttpParameters
from workers.payloads.http.poll_parameters import Poll
from workers.payloads.http.report import Report


class HttpExecutor:
    """Makes one HTTP call per attempt."""

    def perform(self, work: Work) -> JSON:
        """Call, and return status, headers, body and measures; docs/reference/http-payload.md shows the shape.

        Raises:
            LookAgain: The server has accepted the call and answers it later.
            TransientError: Worth another attempt: a status such as 503, a time-out, a connection that failed.
            PermanentError: Not: another status, an address that may not be reached, parameters that cannot be sent.
        """
        parameters = parameters_of(HttpParameters, work.parameters)
        if parameters.batch:
            return expand(batch=parameters.batch, work=work, roots=settings.JOBS_FILE_ROOTS)
        started = time.monotonic()
        options, guard = _options(parameters, work), _guard(parameters, work, started)
        conversation = Conversation(parameters, work, options, guard)
        report, response, looks = _last_answer(conversation) if parameters.poll else (*conversation.call(), 0)
        result = report.outcome(response=response, parameters=parameters, seconds=time.monotonic() - started)
        if looks:
            result["looks"] = looks
        if parameters.extend:
            take_added(result=result, work=work)
        if not parameters.keep_body:
            del result["body"]
        return result


def try_once(work: Work) -> dict[str, JSON]:
    """Make a payload's call as an attempt does, once, and tell what came back, whatever its status.

    Nothing is polled for, no payload is added, and the body is shown also where it is not kept.

    Returns:
        What a result has; and ``verdict``: empty where the attempt would have succeeded with it, else why not.

    Raises:
        TransientError, PermanentError: There was no answer.
    """
    whole = {name: value for name, value in work.parameters.items() if name not in ("poll", "extend", "keep_body")}
    parameters = parameters_of(HttpParameters, whole)
    started = time.monotonic()
    report, response = Conversation(
        parameters, work, _options(parameters, work), _guard(parameters, work, started)
    ).call()
    seconds = time.monotonic() - started
    try:
        return report.outcome(response=response, parameters=parameters, seconds=seconds) | {"verdict": ""}
    except (PermanentError, TransientError) as error:
        return report.result(response, seconds) | {"verdict": str(error)}


def _last_answer(conversation: Conversation) -> tuple[Report, Response, int]:
    """Call, or look at what an earlier call has set going. Raises LookAgain while it goes on."""
    poll, work = conversation.parameters.poll or Poll(), conversation.work
    polling.begin(work)
    try:
        report, response = conversation.call()
    except TransientError as error:
        polling.survive(poll=poll, work=work, error=error)
        raise
    return report, response, polling.wait_on(poll=poll, work=work, report=report, response=response)


def _guard(parameters: HttpParameters, work: Work, started: float) -> Guard:
    times = parameters.timeouts
    total = _seconds(times.total, math.inf)
    return Guard(
        cancelled=work.cancelled,
        lost=work.lost,
        grace_seconds=work.grace_seconds,
        connect_seconds=_seconds(times.connect, math.inf),
        read_seconds=_seconds(times.read, math.inf),
        timer=work.deadline,
        total_seconds=total,
        total_until=started + total,
    )


def _seconds(duration: str | int | float | None, otherwise: float) -> float:
    return otherwise if duration is None else parse_ms(duration) / 1000


def _options(parameters: HttpParameters, work: Work) -> Options:
    return Options(
        expected=parameters.expect_status,
        redirects=parameters.redirects,
        tls=parameters.tls,
        max_response_bytes=parameters.max_response_bytes,
        allow=tuple(settings.JOBS_EGRESS_ALLOW),
        proxy=proxy_of(parameters.proxy, work=work),
    )


EXECUTOR = HttpExecutor()
