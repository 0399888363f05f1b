"""What is said of a field that a shape does not have: which it has."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel

OWN_DATA = "metadata"
"""Where a document has a place for what its owner wants to keep with it."""


def unknown_field(model: type[BaseModel] | None, place: Sequence[int | str]) -> str:
    """The words for it.

    Args:
        model: The shape of the whole document; None where it is not known.
        place: Where the field stands in it.
    """
    there = None if model is None else _shape_at(model, place[:-1])
    if model is None or there is None:
        return "unknown field; check the spelling"
    names = [field.alias or name for name, field in there.model_fields.items()]
    if meant := difflib.get_close_matches(str(place[-1]), names, n=1):
        return f"unknown field; did you mean {meant[0]}?"
    if OWN_DATA in model.model_fields:
        return f"unknown field; check the spelling, or put your own data under {OWN_DATA}"
    return f"unknown field; there are {', '.join(names)}"


def _shape_at(model: type[BaseModel], place: Sequence[int | str]) -> type[BaseModel] | None:
    """The shape that stands there; None where there may be several."""
    for step in place:
        found = model.model_fields.get(str(step))
        if found is None:  # an entry of a list or an object of what was stepped into
            continue
        shapes = list(dict.fromkeys(_shapes(found.annotation)))
        if len(shapes) != 1:
            return None
        model = shapes[0]
    return model


def _shapes(annotation: Any) -> Iterator[type[BaseModel]]:
    """All that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _shapes(part)
