"""Forms that are made of the models that judge documents: whatever a kind of payload or of sink takes can be typed in."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jobs.admin.fields import ABSENT, JSONText, RawText

_ARGS = re.compile(r"^    (?P<name>[a-z_, ]+): (?P<text>.+(?:\n        .+)*)", re.MULTILINE)


class ModelForm(forms.Form):
    """The base of all. ``first`` names the fields that stand there at once; `document` is what was typed, as the model reads it."""

    first: Sequence[str] = ()

    @property
    def main(self) -> list[forms.BoundField]:
        """The fields that stand there at once."""
        return [self[name] for name in self.fields if name in self.first]

    @property
    def rest(self) -> list[forms.BoundField]:
        """The others."""
        return [self[name] for name in self.fields if name not in self.first]

    @property
    def rest_is_used(self) -> bool:
        """Whether one of the others says something."""
        return any(bound.value() not in (None, "", False, ABSENT) or bound.errors for bound in self.rest)

    def document(self) -> dict[str, Any]:
        """What was typed, without the fields that were left empty; of a form that is valid."""
        typed = {name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data}
        return {name: value for name, value in typed.items() if value is not ABSENT and value not in ("", None)}


def form_of_model(
    model: type[BaseModel], *, first: Sequence[str] = (), choices: Mapping[str, Sequence[str]] | None = None
) -> type[ModelForm]:
    """The form of a model, its fields by the names that documents give them.

    Args:
        model: A pydantic one, whose docstring says what its fields are.
        first: What stands there at once, in this order; the rest waits under "More".
        choices: What may be chosen in fields whose type does not say it.
    """
    told, infos = _told(model), {info.alias or name: (name, info) for name, info in model.model_fields.items()}
    main = tuple(name for name in first if name in infos)
    names = [*main, *(name for name in infos if name not in main)]
    fields = {name: _field(name, infos[name][1], told.get(infos[name][0], ""), choices or {}) for name in names}
    return type("ModelForm", (ModelForm,), {"first": main, **fields})


def _field(name: str, info: FieldInfo, told: str, known: Mapping[str, Sequence[str]]) -> forms.Field:
    common: dict[str, Any] = {"label": name, "help_text": told, "required": info.is_required()}
    choices = known.get(name) or _literals(info.annotation)
    if choices:
        common["required"] = False
        return forms.ChoiceField(choices=[("", _("(default)")), *((each, each) for each in choices)], **common)
    plain = _plain(info.annotation)
    if plain == {bool}:
        return _Flag(usual=info.default, **common | {"required": False})
    if plain and plain <= {int, float, str} and plain != {str}:
        usual = "" if info.is_required() or info.default is None else str(info.default)
        return _Number(placeholder=usual, **common | {"required": False})
    return _line(common) if plain == {str} else _json(common)


class _Flag(forms.TypedChoiceField):
    """Yes, no, or what is usual; a box that is not ticked would not tell the last from the second."""

    def __init__(self, *, usual: Any, **kwargs: Any) -> None:
        words = {True: _("(default: yes)"), False: _("(default: no)")}.get(usual, _("(default)"))
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


def _plain(annotation: Any) -> set[type]:
    """The plain types that a field takes, also of one that may be left out; empty for what is none: objects and lists."""
    if get_origin(annotation) is typing.Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [_plain(each) for each in get_args(annotation) if each is not type(None)]
        return {each for part in inner for each in part} if all(inner) else set()
    return {annotation} if annotation in (str, int, float, bool) else set()


def _told(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of the model and of those that it is made from say of its fields."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        for match in _ARGS.finditer(inspect.cleandoc(each.__dict__.get("__doc__") or "")):
            words = re.sub(r"\s+", " ", match["text"]).replace("``", "")
            found |= {name.strip(): words for name in match["name"].split(",")}
    return found
