"""Values that must be there once, and how many may break that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.errors import PermanentError
from workers.generate.seen import Seen


class Allowance:
    """How many duplicates one dataset may have, all its fields together."""

    def __init__(self, *, dataset: str, percent: float, records: int, retries: int) -> None:
        self._dataset = dataset
        self._left = self.allowed = int(records * percent / 100)
        self.retries = retries

    def take(self, what: str, number: int) -> None:
        """Let one pass. Raises PermanentError when there have been too many."""
        if not self._left:
            raise PermanentError(
                f"{self._dataset}.{what}: record {number + 1} has no new value after {self.retries} tries more, and "
                f"{self.allowed} duplicates are allowed; widen what the field can be, or raise duplicates_percent",
                code="duplicates",
            )
        self._left -= 1


class OnlyOnce:
    """One field's values, or whole records, that must be there once."""

    def __init__(self, what: str, allowance: Allowance) -> None:
        self._what = what
        self._allowance = allowance
        self._seen = Seen()

    def close(self) -> None:
        """Forget what there was."""
        self._seen.close()

    def settle(self, value: Any, number: int, another: Callable[[int], Any] | None) -> Any:
        """The value, or the first other one that is new.

        Args:
            value: What was made.
            number: Of its record, 0 for the first.
            another: Makes another value, given the number of the try; None when there can be no other.

        Raises:
            PermanentError: There was none, and no more duplicates are allowed.
        """
        if self._seen.add(value):
            return value
        if another is not None:
            for attempt in range(self._allowance.retries):
                made = another(attempt)
                if self._seen.add(made):
                    return made
        self._allowance.take(self._what, number)
        return value
