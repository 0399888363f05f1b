"""What the conformance suite must know of a kind of sink."""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from tests.sinks_conformance.servers import Servers

SCENARIOS = ("transient", "permanent", "hanging", "unreachable", "secret")
"""All but good, which every kind must have: those that a kind may be ``without``."""


def _nothing() -> None:
    """What there is to do where nothing is to do."""


@dataclass(frozen=True)
class Case:
    """A sink, and the world that it meets.

    Args:
        configuration: The sink's.
        entry: What the job's entry says besides, ``transform`` say.
        secrets: The workspace's, by name.
        mend: Lets what failed, or stands still in the middle, go well from now on.
        begun: Whether a hand-over stands in the middle.
        says: A word of the error: what tells a person where to look.
    """

    configuration: dict[str, Any]
    entry: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    mend: Callable[[], object] = _nothing
    begun: Callable[[], bool] = lambda: True
    says: str = ""

    def but(self, **other: Any) -> Case:
        """The same, with this instead."""
        return replace(self, **other)


@dataclass(frozen=True)
class Held:
    """A parcel as the other side has it; one that arrived twice and is there twice is two of these.

    Args:
        positions: Of its records, in the order in which they stand.
        id: The parcel's; None where the kind does not tell it (`Adapter.tells_id`).
        content: The bytes that arrived, where the kind hands over bytes of its own.
    """

    positions: tuple[int, ...]
    id: str | None = None
    content: bytes | None = None


class Adapter(AbstractContextManager["Adapter"], ABC):
    """Makes the cases of one kind. It is entered before its first case is made, and left after the test.

    All cases that can succeed deliver to one target, which is empty in the beginning; `held` reads it. The records that are
    delivered have the result ``{"n": position}``. A worker in a process of its own delivers there, too, so what a case needs must
    be in its configuration, in `settings`, or out in the world.

    Args:
        folder: Empty, the test's own.
        servers: The session's.
    """

    kind: ClassVar[str]
    variant: ClassVar[str] = ""
    """Which of the servers that a kind can deliver to, where it has several adapters."""
    tells_id: ClassVar[bool] = True
    """Whether the other side learns the parcel's id."""
    without: ClassVar[Mapping[str, str]] = {}
    """The scenarios that this kind cannot have, and why."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.folder, self.servers = folder, servers

    @classmethod
    def name(cls) -> str:
        """Of the kind and its variant, for people."""
        return f"{cls.kind}-{cls.variant}" if cls.variant else cls.kind

    def __exit__(self, *_: object) -> None:
        """Nothing to tidy up."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Of the deployment that it is tried in, on top of the tests' own: it may connect to loopback."""
        return {"JOBS_EGRESS_ALLOW": [ipaddress.ip_network("127.0.0.1/32")]}

    @abstractmethod
    def held(self) -> list[Held]:
        """What the other side has now, and nothing that is half done. Raises AssertionError: something half done lies about."""

    @abstractmethod
    def good(self) -> Case:
        """It takes everything, at once."""

    def transient(self) -> Case:
        """It fails in a way that may pass; mended, it takes everything."""
        self._left_out()

    def permanent(self) -> Case:
        """It refuses what it is given, in a way that another attempt would not change."""
        self._left_out()

    def hanging(self) -> Case:
        """It stands in the middle of a hand-over until it is mended; then it takes everything."""
        self._left_out()

    def unreachable(self) -> Case:
        """Nothing can be delivered, and `check` finds out why: nobody listens, a password is wrong, a table is missing."""
        self._left_out()

    def secret(self, value: str) -> list[Case]:
        """It uses a secret of this value, and the world does its best to have it told: in receipts, in errors of all sorts, and so
        often that whoever cuts a text cuts one apart."""
        self._left_out()

    def _left_out(self) -> NoReturn:
        raise NotImplementedError(f"the adapter of {self.kind} must make this case, or say in `without` why it cannot")
