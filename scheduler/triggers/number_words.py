"""Sets of numbers in plain English: ``0 and 30``, ``8 to 18``, ``every 5 minutes``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from scheduler.triggers.words import listed

_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def ordinal_word(number: int) -> str:
    """1 to 5 as a word: ``third``."""
    return _ORDINALS[number - 1]


def ordinal(number: int) -> str:
    """A number as an ordinal: ``2nd``, ``11th``."""
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 // 10 != 1 else 0, "th")
    return f"{number}{suffix}"


def values_words(values: Sequence[int], names: Sequence[str] = ()) -> str:
    """One or more numbers, sorted, as a list in which a row of three or more is a range.

    Args:
        values: Sorted and without doubles.
        names: What to say for each number, from 0 on; empty for the number itself.

    Returns:
        Such as ``1, 5 to 10 and 31``, or ``2 to 30 in steps of 2``.
    """
    if len(values) > 3 and (step := step_of(values)) is not None and step > 1:
        return f"{_word(values[0], names)} to {_word(values[-1], names)} in steps of {step}"
    parts: list[str] = []
    rest = list(values)
    while rest:
        size = next((at for at, value in enumerate(rest) if value != rest[0] + at), len(rest))
        run, rest = rest[:size], rest[size:]
        parts += (
            [_word(value, names) for value in run]
            if size < 3
            else [f"{_word(run[0], names)} to {_word(run[-1], names)}"]
        )
    return listed(parts)


def step_of(values: Sequence[int]) -> int | None:
    """The distance between two or more numbers, when it is the same all along; otherwise None."""
    if len(values) < 2:
        return None
    step = values[1] - values[0]
    return step if all(later - sooner == step for sooner, later in pairwise(values)) else None


def _word(value: int, names: Sequence[str]) -> str:
    return names[value] if names else str(value)
