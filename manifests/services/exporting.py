"""Writing what a workspace has as manifests that, applied, change nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs import secret_values, yaml_text
from jobs.documents import Configuration, JobDocument, PayloadItem
from jobs.documents.basis import Strict
from jobs.models import Origin, Workspace
from jobs.selectors.origins import origins_of
from manifests import schema
from manifests.documents import KINDS
from manifests.objects import BY_KIND
from manifests.problems import Problem
from scheduler.documents import ScheduleDocument
from sinks.documents import SinkDocument, SinkEntry
from sinks.rules import RuleDocument


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what was left out because a secret's value stands in it."""

    documents: list[dict[str, Any]]
    origins: list[Origin | None]
    left_out: list[Problem]


def export(*, workspace: Workspace, job: str | None = None) -> Exported:
    """Everything of a workspace, or one job, in the order in which it can be applied.

    Secrets are in it by their names. An object in which a value stands that looks like a secret is left out and told: whoever may
    read the file would have it.

    Args:
        workspace: Whose.
        job: The key of the one job; None for everything.
    """
    origins = origins_of(workspace=workspace)
    exported = Exported([], [], [])
    for kind, name, document in _objects(workspace, job):
        found = secret_values.problems(document)
        exported.left_out.extend(Problem(each.message, None, each.field, f"{kind} {name}") for each in found)
        if not found:
            exported.documents.append({"manifest": kind, **_ordered(kind, document)})
            exported.origins.append(origins.get((kind, name)))
    return exported


def as_yaml(exported: Exported, *, folder: Path | None) -> str:
    """As YAML with the schema named for editors, and with where each object is kept.

    Args:
        exported: What to write.
        folder: Where the file will lie; None when that is not known.
    """
    parts = [f"# yaml-language-server: $schema={_schema_address(folder)}\n"]
    for document, origin in zip(exported.documents, exported.origins, strict=True):
        told = f"# Kept in {_one_line(origin.path)}, source {_one_line(origin.source)}\n" if origin else ""
        parts.append(told + yaml_text.dump(document))
    return "---\n".join(parts) if len(parts) > 1 else parts[0]


def as_json(exported: Exported) -> str:
    """As a list in JSON."""
    return json.dumps(exported.documents, indent=2, ensure_ascii=False) + "\n"


def _objects(workspace: Workspace, job: str | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind in KINDS if job is None else ("job",):
        for name, document in BY_KIND[kind].everything(workspace=workspace).items():
            if job in (None, name):
                yield kind, name, document


def _ordered(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """As people write it: fields as the reference lists them, and without defaults. PostgreSQL keeps no order of names."""
    if kind == "job":
        return _job(document)
    models: dict[str, type[Strict]] = {"sink": SinkDocument, "notice_rule": RuleDocument}
    return (
        _fields(document, list(models[kind].model_fields))
        if kind in models
        else _without(document, {"limit": None, "rate": None})
    )


def _job(document: Mapping[str, Any]) -> dict[str, Any]:
    found = _fields(document, list(JobDocument.model_fields))
    found["payload"] = [
        _without(_fields(each, list(PayloadItem.model_fields)), {"name": "", "parameters": {}})
        for each in found["payload"]
    ]
    found["schedules"] = [_fields(each, list(ScheduleDocument.model_fields)) for each in found["schedules"]]
    found["sinks"] = [_fields(each, list(SinkEntry.model_fields)) for each in found["sinks"]]
    found["configuration"] = _without(
        _fields(found["configuration"], list(Configuration.model_fields)), Configuration().model_dump(exclude_none=True)
    )
    empty = {"description": "", "configuration": {}, "sinks": [], "schedules": [], "tags": [], "metadata": {}}
    return _without(found, empty)


def _fields(document: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: document[name] for name in dict.fromkeys([*names, *sorted(document)]) if name in document}


def _without(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in defaults or value != defaults[name]}


def _schema_address(folder: Path | None) -> str:
    """On the server whose address is known; else in this checkout, from where the file lies."""
    if settings.JOBS_PUBLIC_URL:
        return f"{settings.JOBS_PUBLIC_URL.rstrip('/')}{settings.STATIC_URL}{schema.ADDRESS}"
    return os.path.relpath(schema.FILE, folder or Path.cwd())


def _one_line(text: str) -> str:
    return " ".join(text.split())
