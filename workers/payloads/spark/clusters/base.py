"""What every kind of cluster is asked."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workers.payloads.base import Work
from workers.payloads.spark.applications import Wanted


class Unreachable(Exception):
    """The cluster did not answer, or not in a way that says anything. Ask again later."""


class Unsure(Exception):
    """The cluster answers and cannot say yet. Ask again soon."""


class Phase(enum.StrEnum):
    """What an application is in, in our words."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    UNKNOWN = "unknown"
    """The cluster knows nothing of it: it was restarted, or has forgotten what is long over."""

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs any more."""
        return self not in (Phase.WAITING, Phase.RUNNING)


@dataclass(frozen=True, slots=True)
class Status:
    """What the cluster says of an application; ``word`` is its own word for the state."""

    phase: Phase
    word: str
    reason: str = ""
    application_id: str | None = None
    tracking_url: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For the result and for an error's details."""
        return {
            "state": self.word,
            "application_id": self.application_id,
            "tracking_url": self.tracking_url,
            **({"reason": self.reason} if self.reason else {}),
        }


class Cluster(Protocol):
    """One cluster. No method waits longer than some seconds, but ``submit`` where that starts spark-submit.

    All but ``check``, ``page`` and ``log`` raise Unreachable when the cluster does not answer.
    """

    def check(self, wanted: Wanted, *, secrets: Sequence[str], secret_configuration: Mapping[str, str]) -> None:
        """Raise PermanentError when it cannot be submitted there."""

    def submit(self, wanted: Wanted, *, tag: str, work: Work, secret_configuration: Mapping[str, str]) -> str:
        """Have it run; its id. Raises PermanentError when the cluster refuses it, TransientError when it is not known what came of
        it: the next attempt will `find` it."""

    def find(self, tag: str, *, asked_at: dt.datetime) -> str | None:
        """The id of the submission with this tag; None when there certainly is none. Raises Unsure."""

    def status(self, submission_id: str) -> Status:
        """What it is in."""

    def kill(self, submission_id: str) -> None:
        """Have it ended; `status` tells when it is."""

    def page(self, application_id: str) -> str | None:
        """The address of an application's own page, where its status does not tell it. Asks nothing."""

    def log(self, submission_id: str) -> list[str]:
        """The last lines of its driver's log, as far as the cluster gives them; empty when it does not."""
