"""The form of a payload kind's parameters, made of the model that judges them: whatever a kind takes can be typed in."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jobs import kinds
from jobs.admin.fields import ABSENT, JSONText, RawText
from jobs.errors import NotFoundError

MAIN: Mapping[str, tuple[str, ...]] = {
    "http": ("method", "url", "headers", "query", "body", "auth"),
    "log_cleanup": ("days", "keep_newest", "what", "job_types", "jobs", "states", "dry_run"),
    "generate": ("datasets", "records", "format", "output", "seed"),
    "spark": ("target", "python", "jar", "aggregation", "arguments"),
    "datasource": ("source", "destination", "write", "key", "cursor"),
}
"""What stands in the form at once; the rest waits under "More"."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_CHOICES = {("http", "method"): METHODS}
_ARGS = re.compile(r"^    (?P<name>[a-z_, ]+): (?P<text>.+(?:\n        .+)*)", re.MULTILINE)


class ParametersForm(forms.Form):
    """The base of all. ``kind`` is whose; `document` is what was typed, as a payload's ``parameters``."""

    kind = ""

    @property
    def main(self) -> list[forms.BoundField]:
        """The fields that stand there at once."""
        return [self[name] for name in self.fields if name in MAIN.get(self.kind, ())]

    @property
    def rest(self) -> list[forms.BoundField]:
        """The others."""
        return [self[name] for name in self.fields if name not in MAIN.get(self.kind, ())]

    @property
    def rest_is_used(self) -> bool:
        """Whether one of the others says something."""
        return any(bound.value() not in (None, "", False, ABSENT) or bound.errors for bound in self.rest)

    def document(self) -> dict[str, Any]:
        """What was typed, without the fields that were left empty; of a form that is valid."""
        typed = {name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data}
        return {name: value for name, value in typed.items() if value is not ABSENT and value not in ("", None)}


@cache
def form_of(kind: str) -> type[ParametersForm]:
    """The form of a kind, with its main fields first. Raises NotFoundError for a kind that there is not."""
    found = kinds.get(kind)
    if found is None:
        raise NotFoundError(f"there is no payload kind {kind!r}")
    model = found.parameters
    told = _told(model)
    first = [name for name in MAIN.get(kind, ()) if name in model.model_fields]
    names = [*first, *(name for name in model.model_fields if name not in first)]
    fields = {name: _field(kind, name, model.model_fields[name], told.get(name, "")) for name in names}
    return type("ParametersForm", (ParametersForm,), {"kind": kind, **fields})


def _field(kind: str, name: str, info: FieldInfo, told: str) -> forms.Field:
    common: dict[str, Any] = {"label": name, "help_text": told, "required": info.is_required()}
    choices = _CHOICES.get((kind, name)) or _literals(info.annotation)
    if choices:
        common["required"] = False
        return forms.ChoiceField(choices=[("", _("(default)")), *((each, each) for each in choices)], **common)
    if info.annotation is bool:
        return _Flag(usual=bool(info.default), **common | {"required": False})
    if info.annotation in (int, float):
        return _Number(placeholder="" if info.is_required() else str(info.default), **common | {"required": False})
    if _is_text(info.annotation):
        return _line(common)
    return _json(common)


class _Flag(forms.TypedChoiceField):
    """Yes, no, or what is usual; a box that is not ticked would not tell the last from the second."""

    def __init__(self, *, usual: bool, **kwargs: Any) -> None:
        words = _("(default: yes)") if usual else _("(default: no)")
        choices = [("", words), ("true", _("yes")), ("false", _("no"))]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **kwargs)

    def clean(self, value: Any) -> Any:
        """True, False, or `ABSENT`."""
        return super().clean(value) if value else ABSENT

    def prepare_value(self, value: Any) -> Any:
        """As one of the choices."""
        return {True: "true", False: "false"}.get(value, value)


class _Number(forms.Field):
    """A number; what is none is left for the kind to refuse, in its own words."""

    def __init__(self, *, placeholder: str, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "placeholder": placeholder})
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> Any:
        """An int, a float, or the text."""
        text = str(value or "").strip()
        if not text:
            return ABSENT
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
        return text


def _line(common: Mapping[str, Any]) -> forms.Field:
    options = {name: value for name, value in common.items() if name != "required"}
    return RawText(widget=forms.TextInput(attrs={"class": "code", "spellcheck": "false"}), **options)


def _json(common: Mapping[str, Any]) -> forms.Field:
    options = {name: value for name, value in common.items() if name != "required"}
    field = JSONText(rows=6 if common["required"] else 3, **options)
    field.widget.attrs.pop("style", None)
    field.widget.attrs["class"] = "code"
    return field


def _literals(annotation: Any) -> tuple[str, ...]:
    """The words of a Literal, also of one that may be left out."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [each for each in get_args(annotation) if each is not type(None)]
        return _literals(inner[0]) if len(inner) == 1 else ()
    if get_origin(annotation) is Literal:
        return tuple(str(each) for each in get_args(annotation))
    return ()


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) is typing.Annotated:
        return _is_text(get_args(annotation)[0])
    return annotation is str


def _told(model: type[BaseModel]) -> dict[str, str]:
    """What the model's docstring says of its fields."""
    text = inspect.getdoc(model) or ""
    indented = "\n".join(f"{line}" for line in text.splitlines())
    found: dict[str, str] = {}
    for match in _ARGS.finditer(indented):
        words = re.sub(r"\s+", " ", match["text"]).replace("``", "")
        found |= {name.strip(): words for name in match["name"].split(",")}
    return found
