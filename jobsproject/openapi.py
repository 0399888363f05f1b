"""The OpenAPI document as a whole: the operations that the views describe, and the shapes that they name.

Shapes come from what the code declares: the documents, the parameters of payload kinds and the configurations of kinds of sinks.
docs/reference/openapi.md tells how a route is described.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from jobs.api.described.parts import HEADERS, SECURITY
from jobs.api.described.schema import problem_answers
from jobs.api.described.shape import NAMED
from jobsproject.openapi_introduction import INTRODUCTION, TAGS
from jobsproject.openapi_kinds import by_kinds, models
from jobsproject.openapi_problems import with_kinds
from jobsproject.openapi_words import Schema, WordedSchema, worded

JSON = Any
Named = str | type[BaseModel]
"""A shape, the name of a component, or a reference."""
_REFS = "#/components/schemas/"


@cache
def document() -> Schema:
    """The whole document, made once by a process."""
    made: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def assemble(*, result: Schema, **_: object) -> Schema:
    """Put in the shapes that the operations name, and what all of them share: drf-spectacular's POSTPROCESSING_HOOKS."""
    shared = {
        "headers": copy.deepcopy(HEADERS),
        "responses": problem_answers(),
        "securitySchemes": copy.deepcopy(SECURITY),
    }
    draft = with_kinds(result | {"components": shared})
    names, schemas = _schemas({*_models(draft), *models()})
    composed = by_kinds({model: schemas[names[model]] for model in models()})
    bases = {names[model] for model in models()}
    assert not (composed.keys() & schemas.keys()) - bases, "a component would have two meanings"
    schemas |= composed

    def reference(named: Named) -> str:
        if isinstance(named, str):
            return named if named.startswith("#") else _REFS + named
        return _REFS + names[named]

    whole: Schema = {"openapi": draft["openapi"], "info": draft["info"] | {"description": INTRODUCTION}, "tags": TAGS}
    whole |= _with_references(draft, reference) | {"info": whole["info"]}
    schemas = _with_references(schemas, reference)
    used = _reachable([whole["paths"], whole["components"]["responses"]], schemas)
    whole["components"]["schemas"] = {name: schemas[name] for name in sorted(used)}
    return whole


def _schemas(shapes: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], str], Schema]:
    """The names of these models in the document, and the schemas of them and of all that they are made of, by name."""
    ordered = sorted(shapes, key=lambda model: (model.__name__, model.__module__))
    places, found = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=_REFS + "{model}", schema_generator=WordedSchema
    )

    def shortened(reference: Named) -> JSON:
        is_own = isinstance(reference, str) and reference.startswith(_REFS)
        return _REFS + _short(str(reference).removeprefix(_REFS)) if is_own else reference

    own = {_short(name): worded(schema) for name, schema in found["$defs"].items()}
    names = {model: _short(places[model, "validation"]["$ref"].removeprefix(_REFS)) for model in ordered}
    return names, _with_references(own, shortened)


def _short(name: str) -> str:
    """Of two classes with one name pydantic makes ``package__module__Name``: a name that clients can turn into a class."""
    *modules, last = name.split("__")
    return "".join(part.title().replace("_", "") for part in modules) + last


def _models(part: JSON) -> Iterator[type[BaseModel]]:
    """The shapes that a part of the document names."""
    if isinstance(part, Mapping):
        if isinstance(part.get(NAMED), type):
            yield part[NAMED]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _models(each)


def _with_references(part: JSON, reference: Callable[[Named], JSON]) -> JSON:
    """The part with a reference wherever a shape is named, or referred to already."""
    if isinstance(part, list):
        return [_with_references(each, reference) for each in part]
    if not isinstance(part, Mapping):
        return part
    made = {name: _with_references(each, reference) for name, each in part.items() if name not in (NAMED, "$ref")}
    for place in (NAMED, "$ref"):
        if place in part:
            referred = reference(part[place])
            made["$ref" if isinstance(referred, str) and referred.startswith("#") else place] = referred
    return made


def _reachable(parts: Iterable[JSON], schemas: Schema) -> set[str]:
    """The names of the schemas that these parts refer to, and that those refer to."""
    found: set[str] = set()
    waiting = list(parts)
    while waiting:
        for name in set(_referred(waiting.pop())) - found:
            found.add(name)
            waiting.append(schemas[name])
    return found


def _referred(part: JSON) -> Iterator[str]:
    if isinstance(part, str) and part.startswith(_REFS):
        yield part.removeprefix(_REFS)
    if isinstance(part, Mapping):
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _referred(each)
