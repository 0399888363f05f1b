"""What an entry of the audit says was different, line beside line. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple

AROUND = 3
"""So many lines that are the same are shown before and after one that is not."""
MOST_LINES = 400
"""Of one value: what is compared grows with the square of it."""


class Line(NamedTuple):
    """A line of both. ``kind``: ``same``, ``changed``, ``removed``, ``added``, or ``gap`` for ``left`` lines that are left out."""

    kind: str
    before: str
    after: str
    left: int = 0


class Difference(NamedTuple):
    """A field with its lines; ``cut``: whether there is more of it than is compared."""

    field: str
    lines: list[Line]
    cut: bool


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Difference]:
    """Field by field, those of ``before`` first; None for what was not there, or is no more."""
    former, present = before or {}, after or {}
    return [_difference(name, former, present) for name in {**former, **present}]


def _difference(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    former, present = (_lines(each[name]) if name in each else [] for each in (before, after))
    cut = max(len(former), len(present)) > MOST_LINES
    return Difference(name, list(_compared(former[:MOST_LINES], present[:MOST_LINES])), cut)


def _lines(value: Any) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return text.splitlines() or [""]


def _compared(before: list[str], after: list[str]) -> Iterator[Line]:
    codes = SequenceMatcher(None, before, after).get_opcodes()
    for place, (tag, start, end, other_start, other_end) in enumerate(codes):
        if tag == "equal":
            yield from _same(before[start:end], is_first=place == 0, is_last=place == len(codes) - 1)
            continue
        for former, present in zip_longest(before[start:end], after[other_start:other_end]):
            yield _changed(former, present)


def _changed(former: str | None, present: str | None) -> Line:
    if former is None:
        return Line("added", "", present or "")
    return Line("removed", former, "") if present is None else Line("changed", former, present)


def _same(lines: list[str], *, is_first: bool, is_last: bool) -> Iterator[Line]:
    """Those beside what is different; a gap in place of the others."""
    head = 0 if is_first else AROUND
    tail = 0 if is_last else AROUND
    left = len(lines) - head - tail
    if left <= 1:
        yield from (Line("same", line, line) for line in lines)
        return
    yield from (Line("same", line, line) for line in lines[:head])
    yield Line("gap", "", "", left)
    yield from (Line("same", line, line) for line in lines[len(lines) - tail :])
