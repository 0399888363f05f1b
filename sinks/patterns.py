"""Texts of a certain form: people are told it in words, programs that read the schema as a pattern."""

from __future__ import annotations

import re
from typing import Any

from pydantic import AfterValidator, Field


def matching(pattern: str, *, expected: str) -> tuple[AfterValidator, Any]:
    """What `Annotated` takes for such a text.

    Args:
        pattern: Of the whole text, without anchors.
        expected: What to say of another text; begins with "expected".
    """
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(expected)
        return value

    return AfterValidator(check), Field(json_schema_extra={"pattern": f"^{pattern}$"})
