"""Form fields that keep what was typed, and leave judging it to the job document."""

from __future__ import annotations

import json
from typing import Any, Final

from django import forms

from jobs import strict_json
from jobs.errors import FieldError
from jobs.yaml_text import read_value


class _Absent:
    """Marks an empty form field: the document leaves the name out, as a manifest would."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


class RawText(forms.Field):
    """Text as it was typed. Django's CharField strips it and refuses NUL in words of its own, where the document has its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        """The text with a browser's line ends made plain, or `ABSENT`."""
        text = str(value or "").replace("\r\n", "\n")
        return text or ABSENT


class JSONText(RawText):
    """JSON or YAML in a text area. A mistake in its syntax is told on this field with its line and column."""

    def __init__(self, *, rows: int = 6, **kwargs: Any) -> None:
        attributes = {
            "rows": rows,
            "cols": 100,
            "spellcheck": "false",
            "class": "vLargeTextField",
            "style": "font-family: monospace",
        }
        super().__init__(widget=forms.Textarea(attrs=attributes), **kwargs)

    def to_python(self, value: Any) -> Any:
        """The value, or `ABSENT` for an empty text."""
        text = super().to_python(value)
        if text is ABSENT or not text.strip():
            return ABSENT
        try:
            return _read(text)
        except strict_json.NotJSONError as error:
            raise forms.ValidationError("%(text)s", code="json", params={"text": str(error)}) from error

    def prepare_value(self, value: Any) -> Any:
        """What was typed, or the stored value written for people; empty where there is none."""
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _read(text: str) -> object:
    """What is JSON means what it does in JSON, ``null`` too. What of YAML is no JSON, the document refuses."""
    try:
        return strict_json.loads(text)
    except strict_json.NotJSONError as error:
        if text.lstrip().startswith(("{", "[")):
            raise strict_json.NotJSONError(f"not JSON: {error}") from error
    try:
        return read_value(text)
    except strict_json.NotJSONError as error:
        raise strict_json.NotJSONError(f"neither YAML nor JSON: {error}") from error


def placed(error: FieldError, fields: Any) -> tuple[str | None, forms.ValidationError]:
    """The form field for an error, None for the form as a whole, and its text: the path is named where it says more."""
    first = error.field.partition(".")[0]
    text = error.message if error.field == first else f"{error.field}: {error.message}"
    params = {"field": error.field, "message": error.message}
    # The text goes in as a parameter: Django would take a percent sign in it for a place to fill.
    return (first if first in fields else None), forms.ValidationError(
        "%(text)s", code="document", params=params | {"text": text}
    )
