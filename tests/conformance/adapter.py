"""What the conformance suite must know of a payload kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NoReturn

SCENARIOS = ("transient", "permanent", "slow", "progress", "logs", "large", "secret")
"""All but success, which every kind must have: those that a kind may be ``without``."""


def _nothing() -> None:
    """What there is to do where nothing is to do."""


@dataclass(frozen=True)
class Case:
    """One payload, and the world that it meets.

    Args:
        parameters: The payload's.
        secrets: The workspace's, by name.
        mend: Lets what failed, or stands still in the middle, go well from now on.
        begun: Whether an attempt stands in the middle of its work.
        holds: Whether a result is right, and whatever else came of it.
    """

    parameters: dict[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    mend: Callable[[], object] = _nothing
    begun: Callable[[], bool] = lambda: True
    holds: Callable[[Any], bool] = lambda result: True


class Adapter(AbstractContextManager["Adapter"], ABC):
    """Makes the cases of one kind. It is entered before its first case is made, and left after the test.

    Args:
        folder: Empty, the test's own.
    """

    kind: ClassVar[str]
    job_type: ClassVar[str] = "task"
    in_child: ClassVar[bool] = False
    """Whether an attempt has a process of its own."""
    without: ClassVar[Mapping[str, str]] = {}
    """The scenarios that this kind cannot have, and why."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __exit__(self, *_: object) -> None:
        """Nothing to tidy up."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Of the deployment that it is tried in, on top of the tests' own."""
        return {}

    @abstractmethod
    def success(self) -> Case:
        """It succeeds at once."""

    def transient(self) -> Case:
        """It fails in a way that may pass; mended, it succeeds."""
        self._left_out()

    def permanent(self) -> Case:
        """It fails in a way that another attempt would not change."""
        self._left_out()

    def slow(self) -> Case:
        """It stands in the middle of its work until it is mended; then it succeeds, and so does another attempt."""
        self._left_out()

    def progress(self) -> Case:
        """As `slow`, and it has told how far it is."""
        self._left_out()

    def logs(self) -> Case:
        """It succeeds, and says something on the way."""
        self._left_out()

    def large(self) -> Case:
        """Its result is larger than what is kept."""
        self._left_out()

    def secret(self, value: str) -> list[Case]:
        """It uses a secret of this value, and the world does its best to have it told: in results, errors, lines."""
        self._left_out()

    def _left_out(self) -> NoReturn:
        raise NotImplementedError(f"the adapter of {self.kind} must make this case, or say in `without` why it cannot")
