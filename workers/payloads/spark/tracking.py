"""An application on a cluster: submitted once, found again, looked at from time to time, ended when it must.

The order is what makes it safe. A handle that names the submission's tag is kept before the cluster is asked; the id that the
cluster gives is written into it before the first look. So whoever comes next, on whichever worker, finds the application by its id,
or, when the id was lost with the worker, by its tag, and starts no second one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Mapping
from typing import Any

import structlog

from jobs.errors import LookAgain, PermanentError, TransientError
from workers.payloads.base import JSON, KeptHandle, Work
from workers.payloads.spark import shared
from workers.payloads.spark.applications import wanted_of
from workers.payloads.spark.clusters import cluster_of
from workers.payloads.spark.clusters.base import Cluster, Phase, Status, Unreachable, Unsure
from workers.payloads.spark.parameters import SparkParameters
from workers.payloads.spark.targets import Target, target_of
from workers.spark import driver_log

log = structlog.get_logger(__name__)

HANDLE = "spark"
UNREACHABLE_SECONDS = 300.0
"""How long a cluster may stay silent before the attempt has failed. The application itself may be well meanwhile."""
ENDING = "ending"
"""The phase of an application that is being killed because its time is over."""
KILL_LOOK_SECONDS = 1.0
"""How soon it is looked whether a killed application is gone."""


def tag_of(work: Work) -> str:
    """The name of this attempt's submission: the same whoever asks, and nobody else's."""
    return f"jobs-{work.idempotency_key}-{work.attempt}"


def perform(work: Work, parameters: SparkParameters, target: Target) -> JSON:
    """Submit the application, or look at the one that was submitted.

    Returns:
        Once it has finished: its ids and tracking address, and the end of the driver's log where the cluster gives it.

    Raises:
        LookAgain: It has not ended.
        TransientError: It failed (``spark_failed``), was lost (``lost``) or took too long (``timeout``).
        PermanentError: Somebody killed it at the cluster (``killed``); or it may not be submitted so.
    """
    cluster = cluster_of(target)
    try:
        handle = _submission(work, parameters, target, cluster)
        status = cluster.status(handle.data["id"])
        if _must_end(work, status):
            raise _end_late(work, handle, target, cluster)
    except (Unreachable, Unsure) as error:
        raise _ask_later(work, target, error) from error
    if not status.phase.is_over:
        raise _look_again(status, work, handle, target)
    _hide_secrets(work, parameters)
    details = _details(status, handle, target, cluster)
    if status.phase is Phase.FINISHED:
        return details
    _forget(handle, target)  # It is over: the next attempt submits its own.
    raise _failure(status, details)


def end(data: Mapping[str, Any]) -> bool:
    """Kill what a handle names, wherever it is by now.

    Returns:
        True once the cluster says that it has ended or that it knows nothing of it.
    """
    try:
        target = target_of(data["target"])
        cluster = cluster_of(target)
    except PermanentError as error:  # the deployment has no such target any more: there is nobody to ask
        log.warning("spark.application_left_alone", tag=data["tag"], target=data["target"], reason=str(error))
        return True
    try:
        submission_id = data.get("id") or cluster.find(data["tag"], asked_at=_asked_at(data))
        is_gone = submission_id is None or _is_gone(cluster, submission_id)
    except (Unreachable, Unsure):
        return False
    if is_gone:
        shared.clear(target, data["tag"])
    return is_gone


def _submission(work: Work, parameters: SparkParameters, target: Target, cluster: Cluster) -> KeptHandle:
    """The handle of this payload's application; it is submitted when there is none."""
    for handle in work.kept_handles():
        if "id" in handle.data or _find_again(handle, cluster):
            return handle
        _forget(handle, target)
    return _submit(work, parameters, target, cluster)


def _find_again(handle: KeptHandle, cluster: Cluster) -> bool:
    """Whether the cluster has an application whose id was lost before it was written down."""
    found = cluster.find(handle.data["tag"], asked_at=_asked_at(handle.data))
    if found is not None:
        handle.update({**handle.data, "id": found})
    return found is not None


def _submit(work: Work, parameters: SparkParameters, target: Target, cluster: Cluster) -> KeptHandle:
    if work.cancelled.is_set() or work.deadline.remaining() <= 0:
        raise _too_late(work)
    tag = tag_of(work)
    wanted = wanted_of(parameters, target=target, tag=tag, key=work.idempotency_key)
    secret = {key: work.secret(name) for key, name in parameters.secret_configuration.items()}
    cluster.check(wanted, secrets=parameters.secrets, secret_configuration=secret)
    wanted = wanted.with_properties(shared.event_properties(target, tag))
    asked_at = dt.datetime.now(dt.UTC).isoformat()
    handle = work.keep_handle(HANDLE, {"target": parameters.target, "tag": tag, "asked_at": asked_at}, lasting=True)
    try:
        submission_id = cluster.submit(wanted, tag=tag, work=work, secret_configuration=secret)
    except PermanentError:
        _forget(handle, target)  # The cluster refused it: nothing runs.
        raise
    handle.update({**handle.data, "id": submission_id})
    work.log("info", f"submitted as {submission_id}")
    return handle


def _look_again(status: Status, work: Work, handle: KeptHandle, target: Target) -> LookAgain:
    if (work.state or {}).get("phase") != status.phase:
        work.log("info", f"{handle.data['id']} is {status.word}")
    return LookAgain(seconds=target.poll_seconds, state={"phase": status.phase, "id": handle.data["id"]})


def _failure(status: Status, details: dict[str, object]) -> PermanentError | TransientError:
    """What to raise for an application that ended badly by itself."""
    log = [str(line) for line in details["log"]] if isinstance(details["log"], list) else []
    reason = status.reason or driver_log.cause(log)
    message = f"{details['submission_id']} ended as {status.word}" + (f": {reason}" if reason else "")
    if status.phase is Phase.KILLED:
        return PermanentError(f"{details['submission_id']} was killed at the cluster", code="killed", details=details)
    if status.phase is Phase.UNKNOWN:
        return TransientError(message, code="lost", details=details)
    kind = PermanentError if driver_log.is_final(log) else TransientError
    return kind(message, code="spark_failed", details=details)


def _details(status: Status, handle: KeptHandle, target: Target, cluster: Cluster) -> dict[str, object]:
    submission_id = handle.data["id"]
    known = status.to_json()
    figures = shared.figures(target, handle.data["tag"])
    application_id = known["application_id"] or figures.get("application_id")
    known["tracking_url"] = (application_id and cluster.page(application_id)) or known["tracking_url"]
    log = cluster.log(submission_id)
    return {**known, **figures, "application_id": application_id, "submission_id": submission_id, "log": log}


def _hide_secrets(work: Work, parameters: SparkParameters) -> None:
    """What an earlier look has submitted, the driver may have written into its log: so this look must know the secrets too."""
    for name in parameters.secret_configuration.values():
        with contextlib.suppress(PermanentError):  # removed since
            work.secret(name)


def _forget(handle: KeptHandle, target: Target) -> None:
    shared.clear(target, handle.data["tag"])
    handle.drop()


def _must_end(work: Work, status: Status) -> bool:
    """Whether its time is over. What has ended by itself before that was seen is judged by how it ended."""
    if status.phase.is_over:
        return (work.state or {}).get("phase") == ENDING and status.phase is not Phase.FINISHED
    return work.deadline.remaining() <= 0


def _end_late(work: Work, handle: KeptHandle, target: Target, cluster: Cluster) -> LookAgain | TransientError:
    """Kill it; what to raise: that its time is over, once it is certain that it has ended."""
    if not _is_gone(cluster, handle.data["id"]):
        return LookAgain(seconds=KILL_LOOK_SECONDS, state={"phase": ENDING, "id": handle.data["id"]})
    _forget(handle, target)
    return _too_late(work)


def _too_late(work: Work) -> TransientError:
    if work.cancelled.is_set():
        return TransientError("stopped before it was done", code="cancelled")
    return TransientError(work.deadline.missed(), code="timeout")


def _is_gone(cluster: Cluster, submission_id: str) -> bool:
    if cluster.status(submission_id).phase.is_over:
        return True
    cluster.kill(submission_id)
    return cluster.status(submission_id).phase.is_over


def _asked_at(data: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(data["asked_at"])


def _ask_later(work: Work, target: Target, error: Unreachable | Unsure) -> LookAgain | TransientError:
    """A cluster that cannot say is asked again for a while: it is no fault of the application's.

    After that the attempt fails, and its handle stays: the next attempt goes on with the same application, or the sweep ends it.
    """
    state = {**(work.state or {}), "waits_for": str(error)}
    if isinstance(error, Unsure):
        return LookAgain(seconds=target.poll_seconds, state=state) if work.deadline.remaining() > 0 else _too_late(work)
    silent_since = float(state.get("silent_since") or time.time())
    if time.time() - silent_since > UNREACHABLE_SECONDS:
        return TransientError(
            f"the cluster has not answered for {UNREACHABLE_SECONDS:g} s: {error}", code="unreachable"
        )
    return LookAgain(seconds=target.poll_seconds, state={**state, "silent_since": silent_since})
