"""The JSON Schema of manifests, for editors: made of what the code declares of each kind.

It knows shapes and not meanings: that a cron expression can be read, or that a named sink is there, is said by a plan.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from jobs import kinds
from jobs.documents import JOB_TYPES, JobDocument, PayloadItem, Retry
from jobs.services.groups import GroupDocument
from manifests import forms
from manifests.documents import DATASOURCE_FIELDS
from scheduler.documents import ScheduleDocument
from sinks import registry
from sinks.documents import SinkDocument, SinkEntry
from sinks.rules import RuleDocument

FILE = Path(__file__).parent / "static" / "manifests" / "manifest.schema.json"
"""Where it is kept: editors read it there in a checkout, and below STATIC_URL on a server."""
ADDRESS = "manifests/manifest.schema.json"
"""Below STATIC_URL."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"
EXTENDS = {
    "description": "The base, or the bases, that this begins with; a later one wins.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
RECURRENCE = {"type": "object", "description": "A recurrence block of ATLAS, in place of what it is converted to."}

Schema = dict[str, Any]


def manifest_schema() -> Schema:
    """The schema of one document, or of a list of them. The kinds are those that are registered."""
    parts = _Parts()
    choices = {
        "job": parts.job(),
        "datasource": parts.datasource(),
        "schedule": parts.schedule(),
        "sink": parts.sink(),
        "concurrency_group": parts.plain(GroupDocument),
        "notice_rule": parts.plain(RuleDocument),
        "calendar": _calendar(),
        "base": _base(),
    }
    return {
        "$schema": DRAFT,
        "title": "A manifest",
        "description": "Jobs and what belongs to them, in files; docs/reference/manifest.md.",
        "anyOf": [
            {"$ref": "#/$defs/document"},
            {"type": "array", "items": {"$ref": "#/$defs/document"}},
        ],
        "$defs": {**parts.definitions, "document": _document(choices)},
    }


def text() -> str:
    """The schema as the file has it."""
    return json.dumps(manifest_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _document(choices: Mapping[str, Schema]) -> Schema:
    """By what ``manifest`` says; without it a job, by its key, or another system's form."""
    tagged = [{"if": _says("manifest", kind), "then": _tagged(kind, schema)} for kind, schema in choices.items()]
    foreign = {"required": ["form"], "properties": {"form": {"enum": list(forms.NAMES)}}}
    return {
        "type": "object",
        "properties": {"manifest": {"enum": list(choices)}},
        "if": {"required": ["manifest"]},
        "then": {"allOf": tagged},
        "else": {"if": {"required": ["form"]}, "then": foreign, "else": _tagged(None, choices["job"])},
    }


def _tagged(kind: str | None, schema: Schema) -> Schema:
    """With the fields that documents have beside what they say; one that extends need not say all, and may take away with null."""
    whole = copy.deepcopy(schema)
    if kind is not None:
        whole["properties"]["manifest"] = {"const": kind}
    partial = {name: value for name, value in whole.items() if name != "required"}
    nullable = {name: {"anyOf": [value, {"type": "null"}]} for name, value in whole["properties"].items()}
    partial["properties"] = {**nullable, "extends": EXTENDS}
    return {"if": {"required": ["extends"]}, "then": partial, "else": whole}


def _says(field: str, value: str) -> Schema:
    return {"properties": {field: {"const": value}}, "required": [field]}


def _calendar() -> Schema:
    return {
        "type": "object",
        "description": "A named list of exclusions, written out wherever a schedule of these files names it.",
        "additionalProperties": False,
        "required": ["name", "exclusions"],
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "description": {"type": "string"},
            "exclusions": {"type": "array", "items": {"type": "object"}},
        },
    }


def _base() -> Schema:
    return {
        "type": "object",
        "description": "What documents of these files that extend it begin with.",
        "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1}},
    }


class _Parts:
    """The declared shapes, with their definitions under names that no two of them share."""

    def __init__(self) -> None:
        self._kinds = [kind for name in kinds.names() if (kind := kinds.get(name)) is not None]
        self._sinks = [sink for name in registry.names() if (sink := registry.get(name)) is not None]
        plain: Sequence[type[BaseModel]] = [
            JobDocument,
            PayloadItem,
            Retry,
            ScheduleDocument,
            SinkDocument,
            SinkEntry,
            GroupDocument,
            RuleDocument,
        ]
        used = dict.fromkeys(
            [*plain, *(each.parameters for each in self._kinds), *(each.configuration for each in self._sinks)]
        )
        self._refs, whole = models_json_schema([(each, "validation") for each in used], ref_template="#/$defs/{model}")
        self.definitions: dict[str, Schema] = whole["$defs"]

    def plain(self, model: type[BaseModel]) -> Schema:
        """What the model declares."""
        reference = self._refs[(model, "validation")]["$ref"]
        return copy.deepcopy(self.definitions[str(reference).rpartition("/")[2]])

    def job(self) -> Schema:
        """With what its lists hold, which the model leaves to others."""
        found = self.plain(JobDocument)
        self.definitions["payload_item"] = self._item()
        found["properties"]["key"]["pattern"] = rf"^({'|'.join(JOB_TYPES)}):"
        found["properties"]["payload"]["items"] = {"$ref": "#/$defs/payload_item"}
        return self._with_lists(found)

    def datasource(self) -> Schema:
        """A job without the frame of its one payload."""
        found, item = self.job(), self.plain(PayloadItem)
        properties = {name: value for name, value in found["properties"].items() if name not in ("key", "payload")}
        properties |= {name: item["properties"][name] for name in DATASOURCE_FIELDS}
        properties["parameters"] = self._of(dict((each.name, each.parameters) for each in self._kinds)["datasource"])
        return {**found, "properties": properties, "required": ["name", "parameters"]}

    def schedule(self) -> Schema:
        """With its job."""
        found = self._schedule()
        found["properties"]["job"] = {"type": "string", "description": "The key of the job that it starts."}
        found["required"] = ["job"]
        return found

    def sink(self) -> Schema:
        """With its kind's configuration."""
        return self._by_kind(self.plain(SinkDocument))

    def _with_lists(self, job: Schema) -> Schema:
        self.definitions["schedule_entry"] = self._schedule()
        self.definitions["sink_entry"] = self._by_kind(self.plain(SinkEntry))
        job["properties"]["schedules"]["items"] = {"$ref": "#/$defs/schedule_entry"}
        job["properties"]["sinks"]["items"] = {"$ref": "#/$defs/sink_entry"}
        job["properties"]["recurrence"] = RECURRENCE
        return job

    def _schedule(self) -> Schema:
        """Triggers, or the recurrence that is converted to them."""
        found = self.plain(ScheduleDocument)
        found["properties"]["recurrence"] = RECURRENCE
        found.pop("required", None)
        return found

    def _item(self) -> Schema:
        found = self.plain(PayloadItem)
        found["properties"]["kind"] = {"enum": [each.name for each in self._kinds]}
        found["allOf"] = [
            {"if": _says("kind", each.name), "then": {"properties": {"parameters": self._of(each.parameters)}}}
            for each in self._kinds
        ]
        return found

    def _by_kind(self, found: Schema) -> Schema:
        names = [each.name for each in self._sinks]
        found["properties"]["kind"] = {"anyOf": [{"enum": names}, {"type": "null"}]}
        found["allOf"] = [
            {"if": _says("kind", each.name), "then": {"properties": {"configuration": self._of(each.configuration)}}}
            for each in self._sinks
        ]
        return found

    def _of(self, model: type[BaseModel]) -> Schema:
        return dict(self._refs[(model, "validation")])
