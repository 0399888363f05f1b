"""The JSON Schema: as the code declares it, right about what is right, and wrong about what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command

from jobs import yaml_text
from manifests import schema
from manifests.loading import load
from manifests.problems import ManifestsRefusedError
from tests.integration.manifests.files import EVERYTHING

ROOT = Path(__file__).parents[3]
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.FILE.read_text(encoding="utf-8")))


def wrong(document: object) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def manifests_in_pages() -> Iterator[Any]:
    """Blocks of YAML in the documentation that are manifests by themselves."""
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            if re.search(r"^(- )?(key|manifest): ", block, re.MULTILINE):
                yield pytest.param(block, id=f"{page.relative_to(ROOT)} {number}")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in place of the one that is kept. (`make check` compares that one, in a process of its own: tests register kinds.)"""
    monkeypatch.setattr(schema, "FILE", tmp_path / "schema.json")
    return tmp_path / "schema.json"


def test_the_command_writes_it_and_tells_how_it_differs(kept: Path) -> None:
    call_command("jobs_schema")
    call_command("jobs_schema", "--check")
    kept.write_text(kept.read_text(encoding="utf-8").replace('"A manifest"', '"Another"'), encoding="utf-8")
    with pytest.raises(CommandError, match=r'(?s)out of date: run manage.py jobs_schema.*-.*"Another".*"A manifest"'):
        call_command("jobs_schema", "--check")


def test_it_is_served_where_exports_say() -> None:
    assert finders.find(schema.ADDRESS) == str(schema.FILE)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_is_right(path: Path) -> None:
    for document in yaml_text.read_documents(path.read_text(encoding="utf-8")):
        assert wrong(document) == []


@pytest.mark.parametrize("block", list(manifests_in_pages()))
def test_every_manifest_of_the_documentation_is_right(block: str) -> None:
    for document in yaml_text.read_documents(block):
        assert wrong(document) == []


@pytest.mark.parametrize(
    "document", yaml_text.read_documents(EVERYTHING), ids=lambda each: each.get("name", each.get("key"))
)
def test_each_kind_is_right(document: object) -> None:
    assert wrong(document) == []


@pytest.mark.parametrize(
    "document",
    [
        {"form": "fusion", "resource": "task:a", "triggers": []},
        {"manifest": "job", "extends": "base"},
        {"manifest": "schedule", "job": "task:a", "recurrence": {"frequency": "daily"}},
        [{"key": "task:a", "payload": []}],
    ],
)
def test_forms_bases_and_lists_are_right(document: object) -> None:
    assert wrong(document) == []


@pytest.mark.parametrize(
    "text",
    [
        "{manifest: jobs, key: task:a, payload: []}",
        "{form: hudson, id: a}",
        "{key: task:a}",
        "{key: a, payload: []}",
        "{key: 5, payload: []}",
        "{key: task:a, payload: [], extra: 1}",
        "{key: task:a, payload: {}}",
        "{key: task:a, payload: [{kind: carrier-pigeon}]}",
        "{key: task:a, payload: [{kind: http, parameters: {}}]}",
        "{key: task:a, payload: [{kind: http, parameters: {url: 'http://a.example/', verb: GET}}]}",
        "{key: task:a, payload: [{kind: noop, retry: {maximum_attempts: 0}}]}",
        "{key: task:a, payload: [], configuration: {max_concurrent_requests: many}}",
        "{key: task:a, payload: [], configuration: {timeout: []}}",
        "{key: task:a, payload: [], tags: x}",
        "{key: task:a, payload: [], sinks: [{kind: carrier-pigeon}]}",
        "{key: task:a, payload: [], sinks: [{kind: webhook, configuration: {}}]}",
        "{key: task:a, payload: [], schedules: [{triggers: [{type: never}]}]}",
        "{key: task:a, payload: [], schedules: [{triggers: [{type: cron}]}]}",
        "{key: task:a, payload: [], schedules: [{triggers: [{type: every, every: 1h}], overlap: maybe}]}",
        "{manifest: schedule, triggers: [{type: every, every: 1h}]}",
        "{manifest: schedule, job: task:a, triggers: []}",
        "{manifest: sink, name: a}",
        "{manifest: sink, name: a, kind: carrier-pigeon}",
        "{manifest: sink, name: a, kind: s3, configuration: {}}",
        "{manifest: sink, name: a, kind: s3, configuration: {bucket: lake, part_size: 1}}",
        "{manifest: datasource, name: a}",
        "{manifest: datasource, name: a, key: b, parameters: {}}",
        "{manifest: datasource, name: a, parameters: {source: {path: a.csv}, destination: {csv: x}}}",
        "{manifest: concurrency_group, name: a, limit: 0}",
        "{manifest: concurrency_group, name: a, rate: {count: 1}}",
        "{manifest: notice_rule, name: a, sink: b, events: [sneezed]}",
        "{manifest: notice_rule, name: a}",
        "{manifest: calendar, name: a}",
        "{manifest: calendar, name: a, exclusions: {}}",
        "{manifest: base}",
        "5",
    ],
)
def test_what_is_wrong_is_wrong_for_editors_and_for_plans(text: str) -> None:
    [document] = yaml_text.read_documents(text)
    assert wrong(document) != []
    with pytest.raises(ManifestsRefusedError):
        load(text)
