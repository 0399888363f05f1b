"""Other systems' forms: recognised by their shape, or by what ``form`` says, and converted to documents of this system. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jobs.errors import FieldError
from manifests.forms import atlas, fusion, intuned
from manifests.forms.converted import Converted
from manifests.problems import Problem
from manifests.reading import Written

FORM = "form"

_FORMS: Mapping[str, tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Converted]]] = {
    "fusion": (fusion.recognised, fusion.convert),
    "intuned": (intuned.recognised, intuned.convert),
    "atlas": (atlas.recognised, atlas.convert),
}
"""By the word that ``form`` takes: whether a document without it has this form, and its conversion."""
NAMES = tuple(_FORMS)


def convert(documents: Sequence[Written]) -> tuple[list[Written], list[Problem]]:
    """The documents, with each that has another system's form replaced by those that say the same here.

    Returns:
        The documents in their order, and what cannot be converted, by the fields of what was written.
    """
    found: list[Written] = []
    problems: list[Problem] = []
    for written in documents:
        form = _form_of(written.data)
        if form is None:
            found.append(written)
            continue
        converted = _converted(form, written.data)
        found += [Written(written.place, each) for each in converted.documents]
        problems += [Problem(each.message, written.place, each.field) for each in converted.problems]
    return found, problems


def _form_of(data: Mapping[str, Any]) -> str | None:
    if FORM in data:
        return str(data[FORM])
    if "manifest" in data:
        return "atlas" if atlas.RECURRENCE in data else None
    return next((name for name, (recognised, _) in _FORMS.items() if recognised(data)), None)


def _converted(form: str, data: Mapping[str, Any]) -> Converted:
    if form not in _FORMS:
        return Converted([], [FieldError(FORM, f"expected one of {', '.join(_FORMS)}")])
    return _FORMS[form][1]({name: value for name, value in data.items() if name != FORM})
