"""The records inside a JSON document, one at a time and as they are written.

DuckDB needs 25 times a document's size in memory to unnest a list in it (512 MB did not do for 20 MB); this needs the
document's text and one record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from jobs.errors import PermanentError

_SPACE = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


def records(text: str, path: str) -> Iterator[str]:
    """The records at a dotted path, each as one line of JSON; a single object there is the only record.

    Raises:
        PermanentError: Nothing of the kind is there, or the document is malformed as far as it had to be read.
    """
    try:
        at = _find(text, path.split("."))
        if at is None or text[at] not in "[{":
            raise PermanentError(f"source.records: there is no list of records at {path!r}; {_top(text)}", code="data")
        spans = (
            [(at, _decode(text, at)[1])] if text[at] == "{" else ((start, end) for _, start, end in _entries(text, at))
        )
        for start, end in spans:
            # Line ends are but spaces here: inside a string JSON does not allow them.
            yield text[start:end].replace("\n", " ").replace("\r", " ")
    except json.JSONDecodeError as error:
        raise PermanentError(
            f"malformed JSON: {error.msg} in line {error.lineno}, column {error.colno}", code="data"
        ) from error
    except RecursionError as error:
        raise PermanentError("the JSON is nested too deeply", code="data") from error


def _find(text: str, steps: Sequence[str]) -> int | None:
    at = _after_space(text, 0)
    for step in steps:
        found = (start for key, start, _ in _entries(text, at, stop_at=step) if key == step)
        place = next(found, None)
        if place is None:
            return None
        at = place
    return at


def _entries(text: str, at: int, *, stop_at: str | None = None) -> Iterator[tuple[str, int, int]]:
    """Key (or position), start and end of each value of the object or list at ``at``; nothing for other values.

    The value of ``stop_at`` is the last, and is not read: its end is given as -1.
    """
    closing = {"{": "}", "[": "]"}.get(text[at : at + 1])
    at = _after_space(text, at + 1)
    position = 0
    while closing and text[at : at + 1] != closing:
        if position:
            at = _after(text, ",", at)
        key = str(position)
        if closing == "}":
            key, at = _decode(text, at)
            at = _after(text, ":", _after_space(text, at))
        if key == stop_at:
            yield key, at, -1
            return
        _, end = _decode(text, at)
        yield key, at, end
        at = _after_space(text, end)
        position += 1


def _after(text: str, sign: str, at: int) -> int:
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"Expecting '{sign}'", text, at)
    return _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _top(text: str) -> str:
    keys = [key for key, _, _ in _entries(text, _after_space(text, 0))]
    return f"at the top of the file there is {', '.join(keys[:30]) or 'nothing'}"
