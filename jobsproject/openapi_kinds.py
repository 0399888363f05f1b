"""The shapes that hang on which kinds there are: payloads and what their kinds take, sinks and what theirs do."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from pydantic import BaseModel

from jobs import kinds
from jobs.api.described.bodies import AddedList
from jobs.api.described.shape import NAMED
from jobs.documents import MAX_ADDED_AT_ONCE, AddedPayload, PayloadItem
from jobsproject.openapi_words import Schema
from scheduler.api.described.bodies import ScheduleReplacement
from scheduler.documents import ScheduleDocument
from sinks import registry
from sinks.api.described.bodies import SinkReplacement, UnsavedSink
from sinks.documents import SinkDocument, SinkEntry

Kinds = Mapping[str, type[BaseModel]]
"""By name: what they take."""


def _payload_kinds() -> dict[str, type[BaseModel]]:
    return {name: kind.parameters for name in kinds.names() if (kind := kinds.get(name))}


def _sink_kinds() -> dict[str, type[BaseModel]]:
    return {name: kind.configuration for name in registry.names() if (kind := registry.get(name))}


def models() -> list[type[BaseModel]]:
    """What the shapes below are made of."""
    return [*_FIXED, *_payload_kinds().values(), *_sink_kinds().values()]


_FIXED: tuple[type[BaseModel], ...] = (
    AddedList,
    AddedPayload,
    PayloadItem,
    ScheduleDocument,
    ScheduleReplacement,
    SinkDocument,
    SinkEntry,
    SinkReplacement,
    UnsavedSink,
)


def by_kinds(schemas: Mapping[type[BaseModel], Schema]) -> Schema:
    """The components, by name. ``schemas``: of `models`."""
    payloads, sinks = _payload_kinds(), _sink_kinds()
    own_sink = _without(schemas[SinkEntry], "sink")
    return {
        **_one_for_each("PayloadItem", schemas[PayloadItem], "parameters", payloads),
        "AddedPayload": _of_any(schemas[AddedPayload], "parameters", payloads),
        "Additions": {
            "description": "Payloads to add: a list of them, or an object that also names the payload that they come from.",
            "anyOf": [
                {"type": "array", "items": {NAMED: "AddedPayload"}, "maxItems": MAX_ADDED_AT_ONCE},
                {NAMED: AddedList},
            ],
        },
        **_one_for_each("SinkDocument", schemas[SinkDocument], "configuration", sinks),
        "SinkReplacement": _of_any(schemas[SinkReplacement], "configuration", sinks),
        "UnsavedSink": _of_any(schemas[UnsavedSink], "configuration", sinks),
        **_one_for_each("SinkEntry", own_sink, "configuration", sinks),
        "NamedSinkEntry": _requiring(_without(schemas[SinkEntry], "kind", "configuration"), "sink"),
        "SchedulePatch": _patch(schemas[ScheduleReplacement]),
        "SinkEntry": {
            "description": "Where a job's results go: a named sink of the workspace, or a sink of the job's own.",
            "anyOf": [{NAMED: "NamedSinkEntry"}, *({NAMED: f"{_class(name)}SinkEntry"} for name in sinks)],
        },
    }


def _patch(base: Schema) -> Schema:
    """Any part of a document: null removes, and of an object that is merged there may be less than the whole."""
    merged = {"misfire": ["object", "null"], "dst": ["object", "null"], "parameters": ["object", "null"]}
    properties = {
        name: {"type": merged[name]} if name in merged else {"anyOf": [each, {"type": "null"}]}
        for name, each in base["properties"].items()
    }
    words = "What is to change in a schedule's document; null removes (RFC 7396)."
    return {"description": words, "type": "object", "additionalProperties": False, "properties": properties}


def _one_for_each(noun: str, base: Schema, field: str, known: Kinds) -> Schema:
    """``HttpPayloadItem`` and the like, and ``PayloadItem``, which is one of them."""
    made = {f"{_class(name)}{noun}": _of_kind(base, name, field, takes) for name, takes in known.items()}
    mapping = {name: f"#/components/schemas/{_class(name)}{noun}" for name in known}
    return made | {
        noun: {
            "description": base.get("description", ""),
            "oneOf": [{NAMED: name} for name in made],
            "discriminator": {"propertyName": "kind", "mapping": mapping},
        }
    }


def _of_kind(base: Schema, name: str, field: str, takes: type[BaseModel]) -> Schema:
    made = copy.deepcopy(base)
    made["properties"]["kind"] = {
        "type": "string",
        "const": name,
        "description": f"What makes it one of kind `{name}`.",
    }
    made["properties"][field] = {NAMED: takes}
    needs = any(each.is_required() for each in takes.model_fields.values())
    return _requiring(made, "kind", *([field] if needs else []))


def _of_any(base: Schema, field: str, known: Kinds) -> Schema:
    """For what is rarely written: the kind, and what any of them takes."""
    made = copy.deepcopy(base)
    made["properties"]["kind"] = {"type": "string", "enum": list(known), "description": "Its kind."}
    made["properties"][field] = {
        "anyOf": [{NAMED: takes} for takes in known.values()],
        "description": "As its kind takes it.",
    }
    return made


def _without(base: Schema, *fields: str) -> Schema:
    made = copy.deepcopy(base)
    for field in fields:
        del made["properties"][field]
    return made


def _requiring(base: Schema, *fields: str) -> Schema:
    return base | {"required": sorted({*base.get("required", []), *fields})}


def _class(kind: str) -> str:
    return "".join(part.title() for part in kind.split("_"))
