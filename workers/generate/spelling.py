"""Changing the letters of texts."""

from __future__ import annotations

import re
from collections.abc import Callable

_WORDS = re.compile(r"[^\W_]+")


def changer(case: str) -> Callable[[str], str]:
    """The function for upper, lower, capitalize, title, snake or camel."""
    return _CASES[case]


def _snake(text: str) -> str:
    return "_".join(_WORDS.findall(text)).lower()


def _camel(text: str) -> str:
    words: list[str] = _WORDS.findall(text)
    return "".join([words[0].lower(), *map(str.capitalize, words[1:])]) if words else ""


_CASES: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "capitalize": str.capitalize,
    "title": str.title,
    "snake": _snake,
    "camel": _camel,
}
