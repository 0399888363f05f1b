"""What a kind of sink is given, and what it must do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from jobs.errors import PermanentError, TransientError

JSON = Any
Unit = Literal["payload", "batch", "run"]
"""What one delivery holds: one payload's outcome, so many of them, or all of a run."""
Holding = Unit | Literal["notice"]
"""What a parcel holds: results, or the notices of a rule, which every kind takes."""


class SinkGone(PermanentError):
    """The other side wants nothing more, ever (an HTTP 410, say): the sink is disabled until somebody enables it again."""


class TakenInPart(TransientError):
    """Some of those whom a parcel is for have it, and the others may take it later: the next attempt is for these.

    It speaks against nobody: the sink works.

    Args:
        receipt: JSON-ready and small, without secrets; the delivery's receipt until it is delivered, and the next attempt's
            ``Parcel.receipt``.
    """

    def __init__(
        self, message: str, *, receipt: Mapping[str, JSON], code: str, details: dict[str, object] | None = None
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.receipt = receipt


@dataclass(frozen=True, slots=True)
class Record:
    """The outcome of one payload. ``result`` went through the entry's ``transform``, if it has one."""

    position: int
    name: str
    kind: str
    state: str
    attempts: int
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    result: JSON
    error: Mapping[str, JSON] | None

    def document(self) -> dict[str, JSON]:
        """All of it, JSON-ready; times in ISO-8601."""
        return {
            "position": self.position,
            "name": self.name,
            "kind": self.kind,
            "state": self.state,
            "attempts": self.attempts,
            "started_at": self.started_at and self.started_at.isoformat(),
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "result": self.result,
            "error": self.error,
        }

    def values(self) -> dict[str, JSON]:
        """What texts with gaps and columns see of it."""
        return self.document()

    def about(self, parcel: Parcel) -> tuple[str, int | None]:
        """Its job and its run."""
        return parcel.job, parcel.run_id


@dataclass(frozen=True, slots=True)
class Notice(Record):
    """Something that a rule tells; ``result`` is all of it. What has columns finds the rest where a payload's outcome has it:
    ``name`` is what happened, ``state`` the rule's word for it, ``started_at`` since when and ``ended_at`` when."""

    def document(self) -> dict[str, JSON]:
        """What is told; see docs/how-to/get-notified.md."""
        return dict(self.result)

    def values(self) -> dict[str, JSON]:
        """That, and what the outcome of a payload has."""
        return Record.document(self) | self.document()

    def about(self, parcel: Parcel) -> tuple[str, int | None]:
        """Its own job and run: a digest is about several."""
        return str(self.result["job"]), self.result["run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a parcel of notices says as a whole.

    Args:
        rule: Whose notices they are.
        event: What happened, such as ``run.failed``; ``digest`` where it is not the same of all.
        subject: One line.
        text: In plain English, a few lines for each notice.
    """

    rule: str
    event: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What one delivery hands over.

    What it says of a run says nothing where it holds notices: those may be about several, or none.

    Args:
        id: The same for all attempts at this delivery, and of no other: at most 64 letters, digits, ``_`` and ``-``.
        attempt: 1 for the first.
        workspace: Its slug.
        job: ``type:name``.
        run_id: Which run.
        run_state: How the run ended.
        trigger: What started the run.
        scheduled_for: The fire time that the run was for, if a schedule started it.
        run_ended_at: When the run ended: a date for names that must be the same on all attempts.
        unit: What the parcel holds.
        first_position: Of the first of its payloads; with the run and the sink it names the parcel for people.
        count: How many records there are.
        records: Reads them, in the order of their positions, in bounded memory; anew at each call.
        telling: Where it holds notices, what they say.
        entry: The name that the job gave to this of its sinks; empty where it gave none.
        receipt: What the last attempt that ended so left: that of `TakenInPart`, or of a delivery that is made again.
    """

    id: str
    attempt: int
    workspace: str
    job: str
    run_id: int
    run_state: str
    trigger: str
    scheduled_for: dt.datetime | None
    run_ended_at: dt.datetime
    unit: Holding
    first_position: int
    count: int
    records: Callable[[], Iterator[Record]]
    telling: Telling | None = None
    entry: str = ""
    receipt: Mapping[str, JSON] | None = None

    @property
    def listed(self) -> str:
        """The name under which documents list what it holds."""
        return "payloads" if self.telling is None else "notices"

    def heading(self) -> dict[str, JSON]:
        """What it says of the run, or of its notices, JSON-ready."""
        if self.telling is not None:
            return {
                "id": self.id,
                "workspace": self.workspace,
                "rule": self.telling.rule,
                "event": self.telling.event,
                "subject": self.telling.subject,
                "text": self.telling.text,
            }
        return {
            "id": self.id,
            "workspace": self.workspace,
            "job": self.job,
            "run": self.run_id,
            "state": self.run_state,
            "trigger": self.trigger,
            "scheduled_for": self.scheduled_for and self.scheduled_for.isoformat(),
            "ended_at": self.run_ended_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of a delivery.

    Args:
        bytes: Of the content, as it was sent.
        sha256: Of the same bytes, in hexadecimal; None where they are not bytes of ours (rows of a table).
        details: What the other side said, JSON-ready and small, without secrets: a status, an object's key and ETag, rows.
    """

    bytes: int
    sha256: str | None = None
    details: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP server answered.

    Args:
        status: Its code.
        headers: Names in lower case.
        excerpt: The beginning of the body as text that may be kept: at most 2,000 characters, without the secrets that were read.
    """

    status: int
    headers: Mapping[str, str]
    excerpt: str = ""


class Surroundings(Protocol):
    """What a sink is opened with: the only way out of its package."""

    @property
    def timeout_seconds(self) -> float:
        """What one attempt may take in all; who connects by itself must set time limits that keep within it."""

    def call(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        query: Sequence[tuple[str, str]] = (),
        verify: bool | str = True,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Make one HTTP request, under the rules of this deployment for where requests may go; follows no redirect.

        Args:
            query: Added to the URL, and told to nobody else: keys.

        Raises:
            TransientError: No answer (``dns``, ``connection``, ``timeout``).
            PermanentError: The address may not be reached (``egress_refused``), cannot be one, or its certificate is not accepted.
        """

    def secret(self, name: str) -> str:
        """A secret of the workspace; kept out of all that is written down. Raises PermanentError (``secret``): there is none."""

    def hide(self, *values: str) -> None:
        """Keep these texts, too, out of all that is written down."""

    def permit(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host that may be reached, for clients that connect by themselves; connect to one of these.

        Raises:
            TransientError: The name has no address at present (``dns``).
            PermanentError: None of its addresses is permitted (``egress_refused``).
        """

    def allowed(self, what: str) -> bool:
        """Whether this deployment grants sinks something that they do not have by default; a kind's page names what it asks for."""

    def path(self, name: str) -> Path:
        """A path below the folders that this deployment opens to files. Raises PermanentError (``file_refused``).

        All workspaces share these folders: a path of one is a path of every other.
        """

    def log(self, level: str, message: str) -> None:
        """Write a line into the worker's own log, with the sink and without its secrets. It is kept with no delivery.

        Args:
            level: ``debug``, ``info``, ``warning`` or ``error``; any other counts as info.
        """


class OpenSink(Protocol):
    """One configured sink, open for many deliveries by several threads at once. Errors tell whether another attempt may help."""

    def deliver(self, parcel: Parcel) -> Receipt:
        """Hand over one parcel; return only when the other side has it for good.

        May be called again for a parcel that was delivered, or half delivered, when its attempt's worker died. An idempotent kind
        then leaves exactly one, and nothing half done.

        Raises:
            TransientError: Try again; ``retry_after_seconds`` where the other side asked for it.
            PermanentError: Another attempt would not help.
            SinkGone: Nothing will ever be taken again.
        """

    def check(self) -> str:
        """Test that deliveries could be made, without making one: what was found, in a sentence. Raises as `deliver` does."""

    def close(self) -> None:
        """Give back connections."""


@runtime_checkable
class Tidies(Protocol):
    """A sink of which attempts can leave something behind that is not the delivery: parts of an upload, say."""

    def abandon(self, parcel: Parcel) -> None:
        """Take away what earlier attempts at a parcel have left, and what this one would: nobody makes another. Raises as `deliver`
        does."""


def no_secrets(configuration: Mapping[str, Any]) -> Sequence[str]:
    """For kinds whose configuration names none."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkKind:
    """A kind of sink, as its package registers it.

    Args:
        name: The word in a sink's ``kind``.
        configuration: The pydantic model (strict, extra forbidden) that a sink's ``configuration`` must satisfy.
        units: What a delivery may hold, the default first.
        idempotent: True when a parcel that is delivered twice is there once.
        ordered: True when the deliveries of a run must be made one after the other.
        open: From a valid configuration to a sink; connects lazily.
        secrets: From a valid configuration to the names of the workspace's secrets that it uses.
        title: For people, such as "Webhook".
    """

    name: str
    title: str
    configuration: type[BaseModel]
    units: tuple[Unit, ...]
    idempotent: bool
    open: Callable[[Any, Surroundings], OpenSink]
    ordered: bool = False
    secrets: Callable[[Mapping[str, Any]], Sequence[str]] = no_secrets
