"""The kinds of payload this deployment can run. Each package under workers/payloads/ registers its own, when somebody first asks
for a kind: a beat never does, and their models take tenths of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from jobs.registries import Registry

QUEUES = ("default", "http", "datasource", "spark")
"""Queues by kind of work; a run with several kinds goes to the last of its kinds' queues in this order."""


SINKS_QUEUE = "sinks"
"""The queue of those who deliver results. No run goes there: a sink that hangs holds nothing up but itself."""


def no_secrets(parameters: Mapping[str, Any]) -> Iterable[str]:
    """For kinds whose payloads name none."""
    return ()


def adds_nothing(parameters: Mapping[str, Any]) -> bool:
    """For kinds whose payloads add no others to their run."""
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """What the rest of the system must know of a payload kind without executing it.

    Args:
        name: The word in a payload's ``kind``.
        queue: One of `QUEUES`.
        batchable: True when a lane may execute many before it reports. False for whatever has outside effects.
        job_types: The job types (``datasource``, ``spark``, ``task``) whose payloads may be of this kind.
        parameters: The pydantic model that a payload's ``parameters`` must satisfy.
        secrets: From valid parameters to the names of the workspace's secrets that they use.
        adds: From valid parameters to whether such a payload may add others to its run.
    """

    name: str
    queue: str
    batchable: bool
    job_types: frozenset[str]
    parameters: type[BaseModel]
    secrets: Callable[[Mapping[str, Any]], Iterable[str]] = no_secrets
    adds: Callable[[Mapping[str, Any]], bool] = adds_nothing

    def __post_init__(self) -> None:
        if self.queue not in QUEUES:
            raise ValueError(f"kind {self.name}: queue must be one of {', '.join(QUEUES)}, not {self.queue}")


KINDS: Registry[Kind] = Registry()
load_when_asked, load, register, offer, get = (
    KINDS.load_when_asked,
    KINDS.load,
    KINDS.register,
    KINDS.offer,
    KINDS.get,
)


def names(job_type: str | None = None) -> list[str]:
    """The registered names, sorted; with ``job_type``, only those that such a job may have."""
    return sorted(kind.name for kind in KINDS.all().values() if job_type is None or job_type in kind.job_types)


def queue_for(kinds: set[str]) -> str:
    """The queue whose workers run a payload list with these kinds (unknown ones count as ``default``)."""
    known = KINDS.all()
    queues = {known[name].queue for name in kinds if name in known}
    return max(queues, key=QUEUES.index, default="default")


def batchable(kinds: set[str]) -> bool:
    """True when every one of these kinds may be executed in batches."""
    known = KINDS.all()
    return all(name in known and known[name].batchable for name in kinds)
