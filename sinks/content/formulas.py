"""Texts that a spreadsheet would take for formulas, which can send what stands in other cells elsewhere."""

from __future__ import annotations

import re
from typing import Any

_FORMULA = re.compile(r"[\t\r\n]|[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""The signs, also in full width, which some spreadsheets take for the same; also behind blanks, seen or not, which some cut off."""
_NUMBER = re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *")


def disarmed(value: Any) -> Any:
    """A value for a cell: a text that begins like a formula, and is no number, with an apostrophe in front of it.

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
