"""Extraction: values of an answer that go into the result under names of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from jobs.errors import PermanentError
from workers.payloads.http.patterns import PatternError
from workers.payloads.http.places import Place, Reading

MAX_EXTRACTED = 50


class Extracted(Place):
    """The first value at a place, or a list of ``all``. Where there is none, the ``default``; without that the call has failed."""

    all: bool = Field(default=False, strict=True)
    default: Any = None

    @model_validator(mode="after")
    def _a_place_is_given(self) -> Extracted:
        if self.json_path is None and self.header is None and self.pattern is None:
            raise ValueError("give one of json_path, header, pattern: where the value lies")
        return self


def _short(value: object) -> object:
    """Text alone is a JSON path."""
    return {"json_path": value} if isinstance(value, str) else value


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$")]
Extraction = Annotated[
    dict[Name, Annotated[Extracted, BeforeValidator(_short, json_schema_input_type=str | Extracted)]],
    Field(max_length=MAX_EXTRACTED),
]


def extract(*, wanted: Mapping[str, Extracted], reading: Reading) -> dict[str, Any]:
    """The values by name, in the order of ``wanted``.

    Raises:
        PermanentError: code ``extract``: there is no value, and no default; says the name.
    """
    return {name: _value(name, one, reading) for name, one in wanted.items()}


def _value(name: str, wanted: Extracted, reading: Reading) -> Any:
    try:
        found = reading.find(wanted)
    except PatternError as error:
        if "default" in wanted.model_fields_set:
            return wanted.default
        raise _missing(name, str(error)) from error
    if wanted.all and (found or "default" not in wanted.model_fields_set):
        return found
    if found:
        return found[0]
    if "default" not in wanted.model_fields_set:
        raise _missing(name, f"{wanted.words}: there is none, and no default is given")
    return wanted.default


def _missing(name: str, why: str) -> PermanentError:
    return PermanentError(f"extract.{name}: {why}", code="extract", details={"field": f"extract.{name}"})
