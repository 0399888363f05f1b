"""The secrets that an attempt has read: whatever it says afterwards is kept without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from workers.masking import Masker

SHORTEST = 4
"""Blacking out shorter ones would only make the text unreadable."""
SHORTEST_LINE = 16
"""Of a secret of several lines, a key in PEM form say, each line that is so long is one by itself."""


_NOTHING = Masker(())


class KnownSecrets:
    """Reads secrets for one attempt and remembers them. Safe from any thread of the attempt.

    Args:
        read: From a secret's name to its value; raises PermanentError when there is none.
    """

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read
        self._values: frozenset[str] = frozenset()
        self._masker = _NOTHING

    def read(self, name: str) -> str:
        """The value of a secret. Raises PermanentError when there is none of that name."""
        value = self._read(name)
        self.hide(value)
        return value

    def hide(self, *values: str) -> None:
        """Treat these as secrets, too: what was made of one, or was given for one."""
        new = {part for value in values for part in _parts(value)} - self._values
        if new:
            self._values |= new
            self._masker = Masker(self._values)

    def text(self, text: str, *, cut: bool = False) -> str:
        """The text without them; of one that was ``cut`` off somewhere, without the beginning of one at its end, too."""
        return self._masker.cut_text(text) if cut else self._masker.text(text)

    def data(self, data: Any) -> Any:
        """JSON-ready data without them, in keys, strings and numbers alike."""
        return self._masker.data(data)


def _parts(value: str) -> Iterator[str]:
    lines = value.splitlines()
    whole = value.rstrip("\r\n")
    if len(whole) >= SHORTEST:
        yield whole
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= SHORTEST_LINE)
