"""Shared parts: documents that begin with what named bases say. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.errors import FieldError, ValidationError
from manifests.problems import Problem, problems_of
from manifests.reading import Written

BASE = "base"
_ITS_OWN = ("manifest", "name", "extends")
"""What a base has for itself, and hands on to nobody."""


def resolve(documents: Sequence[Written]) -> tuple[list[Written], list[Problem]]:
    """The documents that are no bases, each merged over the bases that it ``extends``.

    Objects are merged name by name; everything else (lists too) is replaced as a whole, and null takes a base's value away. Of
    several bases a later one wins over an earlier one, and the document over all.

    Returns:
        The documents in their order, and what is wrong: bases without a name or with the name of another, bases that are not there,
        and those that extend each other in a circle.
    """
    bases, problems = _bases(documents)
    found: list[Written] = []
    for written in documents:
        if written.data.get("manifest") == BASE:
            continue
        try:
            found.append(Written(written.place, _merged(written.data, bases, ())))
        except ValidationError as error:
            problems += problems_of(error, place=written.place)
    return found, problems


def merged(*, over: Mapping[str, Any], under: Mapping[str, Any]) -> dict[str, Any]:
    """Two objects as one: see `resolve`. Source: RFC 7396, whose null removes as well."""
    result = dict(under)
    for name, value in over.items():
        if value is None and name in under:
            del result[name]
        elif isinstance(value, Mapping) and isinstance(under.get(name), Mapping):
            result[name] = merged(over=value, under=under[name])
        else:
            result[name] = value
    return copy.deepcopy(result)


def _bases(documents: Sequence[Written]) -> tuple[dict[str, Mapping[str, Any]], list[Problem]]:
    bases: dict[str, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    for written in documents:
        if written.data.get("manifest") != BASE:
            continue
        name = written.data.get("name")
        if not isinstance(name, str) or not name:
            problems.append(Problem("expected the name by which others extend it", written.place, "name"))
        elif name in bases:
            problems.append(Problem(f"another base is named {name!r} already", written.place, "name"))
        else:
            bases[name] = written.data
    for name in bases:
        problems += _circle(name, bases, documents)
    return bases, problems


def _circle(name: str, bases: Mapping[str, Mapping[str, Any]], documents: Sequence[Written]) -> list[Problem]:
    """A base that no document extends may be wrong as well. A circle is told once, at the first of its names."""
    try:
        _merged({"extends": name}, bases, ())
    except _CircleError as error:
        if name != min(error.names):
            return []
        place = next(each.place for each in documents if each.data is bases[name])
        return problems_of(error, place=place)
    except ValidationError as error:
        place = next(each.place for each in documents if each.data is bases[name])
        return problems_of(error, place=place) if _names(bases[name]) else []
    return []


class _CircleError(ValidationError):
    """Bases extend each other."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        super().__init__([FieldError("extends", f"these bases extend each other: {' -> '.join([*names, names[0]])}")])


def _merged(data: Mapping[str, Any], bases: Mapping[str, Mapping[str, Any]], path: tuple[str, ...]) -> dict[str, Any]:
    under: dict[str, Any] = {}
    for name in _names(data):
        if name in path:
            raise _CircleError(path[path.index(name) :])
        base = bases.get(name)
        if base is None:
            known = ", ".join(sorted(bases)) or "none"
            message = f"there is no base named {name!r} in these files; there are: {known}"
            raise ValidationError([FieldError("extends", message)])
        handed_on = _merged(base, bases, (*path, name))
        under = merged(over={each: value for each, value in handed_on.items() if each not in _ITS_OWN}, under=under)
    return merged(over={name: value for name, value in data.items() if name != "extends"}, under=under)


def _names(data: Mapping[str, Any]) -> list[str]:
    extends = data.get("extends", [])
    names = [extends] if isinstance(extends, str) else extends
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValidationError([FieldError("extends", "expected the name of a base, or a list of names")])
    return names
