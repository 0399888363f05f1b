"""JSON paths and regular expressions that a person wrote: read once, and unable to run away with a large answer.

Paths are those of RFC 9535, read by python-jsonpath. Its filter functions ``match`` and ``search`` are left out: they would use
expressions that can backtrack for hours. Expressions are RE2's, which take time in proportion to the text.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Any

import re2
from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError

MAX_PATH_CHARACTERS = 500
MAX_PATTERN_CHARACTERS = 1000
MAX_FOUND = 10_000
"""Values that one path may find."""


class PatternError(Exception):
    """A path or an expression could not be applied to this answer; the message says why."""


class _Paths(JSONPathEnvironment):
    # One more than `received.MAX_JSON_DEPTH`: what was read as JSON can be walked.
    max_recursion_depth = 102

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for name in ("match", "search"):
            self.function_extensions.pop(name, None)


_PATHS = _Paths(strict=True)


def check_path(text: str) -> str:
    """Refuse what is no path, or one whose work would grow faster than the answer. Raises ValueError."""
    if len(text) > MAX_PATH_CHARACTERS:
        raise ValueError(f"a JSON path may have at most {MAX_PATH_CHARACTERS} characters")
    if text.count("..") > 1 or text.count("[?") > 1 or text.count("$") > 1 or "=~" in text:
        raise ValueError(
            "a JSON path may have one '..' and one filter '[?...]', and filters may only look at '@':"
            " others could take hours on a large answer"
        )
    try:
        _path(text)
    except (JSONPathError, RecursionError, ValueError) as error:
        raise ValueError(f"this is no JSON path such as $.items[0].id (RFC 9535): {str(error)[:200]}") from None
    return text


def find_path(text: str, data: Any) -> list[Any]:
    """The values that a path finds, in the order of the document; none when there are none.

    Raises:
        PatternError: More than `MAX_FOUND`, or the filter cannot be applied.
    """
    try:
        found = [match.obj for match in islice(_path(text).finditer(data), MAX_FOUND + 1)]
    except (JSONPathError, RecursionError, TypeError, ValueError) as error:
        raise PatternError(f"{text} cannot be applied: {str(error)[:200]}") from error
    if len(found) > MAX_FOUND:
        raise PatternError(f"{text} finds more than {MAX_FOUND:,} values")
    return found


def check_pattern(text: str) -> str:
    """Refuse what is no regular expression, or one that RE2 does not take. Raises ValueError."""
    if len(text) > MAX_PATTERN_CHARACTERS:
        raise ValueError(f"a regular expression may have at most {MAX_PATTERN_CHARACTERS} characters")
    try:
        _pattern(text)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args else ""
        raise ValueError(
            f"this is no regular expression of RE2, which has neither look-around nor back-references: {reason}"
        ) from None
    return text


def matches(pattern: str, text: str) -> bool:
    """Whether the expression is found anywhere in the text."""
    return _pattern(pattern).search(text) is not None


def find_pattern(pattern: str, text: str) -> list[str]:
    """What the expression finds, from left to right: its first group where it has one, else the whole; "" for a group left out.

    Raises:
        PatternError: More than `MAX_FOUND`.
    """
    compiled = _pattern(pattern)
    group = 1 if compiled.groups else 0
    found = [match[group] or "" for match in islice(compiled.finditer(text), MAX_FOUND + 1)]
    if len(found) > MAX_FOUND:
        raise PatternError(f"the expression finds more than {MAX_FOUND:,} texts")
    return found


@lru_cache(maxsize=256)
def _path(text: str) -> JSONPath:
    path = _PATHS.compile(text)
    if not isinstance(path, JSONPath):
        raise ValueError("paths cannot be joined")
    return path


@lru_cache(maxsize=256)
def _pattern(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(text, options=options)
