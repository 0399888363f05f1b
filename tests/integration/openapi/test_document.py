"""The document is whole: every route and method is in it, with an example that fits, and it is committed as it is made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import EndpointEnumerator

from embedded.servers import CHECKOUT
from jobs.api.unknown import UnknownAddress
from jobsproject.openapi import document
from tests.integration.openapi.reading import METHODS, Described, Judge, operations

OPERATIONS = list(operations(document()))
COMMITTED = CHECKOUT / "docs" / "reference" / "openapi.yaml"
HELP = "docs/reference/openapi.md tells how a route is described"
PAGES = {"api/v1/docs/", "api/v1/redoc/"}
"""What lies under the API's root and is for people."""


def routes() -> Iterator[tuple[str, str]]:
    """Each path under the API's root as the document writes it, with each method that its view has."""
    for pattern, callback in _patterns(get_resolver().url_patterns, ""):
        view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
        if pattern.startswith("api/") and pattern not in PAGES and view is not UnknownAddress:
            assert view is not None, f"{pattern} is no class-based view: {HELP}"
            path = EndpointEnumerator().get_path_from_regex(f"^{pattern}")  # type: ignore[no-untyped-call]
            yield from ((path, method) for method in METHODS if hasattr(view, method))


def _patterns(found: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for each in found:
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns, prefix + str(each.pattern))
        else:
            yield prefix + str(each.pattern), each.callback


def test_every_route_and_method_is_described() -> None:
    missing = {*routes()} - {(operation.path, operation.method) for operation in OPERATIONS}
    assert not missing, f"not described: {sorted(missing)}. {HELP}"


def test_operations_have_names_of_their_own() -> None:
    names = [operation.id for operation in OPERATIONS]
    assert len(names) == len(set(names))


def test_the_committed_document_is_what_the_code_describes(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"
    subprocess.run([sys.executable, "-m", "jobsproject.write_schema", str(made)], cwd=CHECKOUT, check=True)
    is_same = made.read_text() == COMMITTED.read_text()
    assert is_same, "the API's description has changed: run `make schema`, look at the difference, and commit it"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
class TestEachOperation:
    def test_it_says_what_it_does_in_words(self, operation: Described) -> None:
        assert operation.says["summary"]
        assert not operation.says["summary"].endswith(".")
        assert operation.says["description"].partition("\n")[0].endswith(".")
        assert operation.says["tags"]
        for parameter in operation.says["parameters"]:
            assert parameter["description"].endswith("."), parameter["name"]

    def test_its_parameters_have_examples_where_they_are_needed(self, judge: Judge, operation: Described) -> None:
        for parameter in operation.says["parameters"]:
            assert "example" in parameter or not parameter.get("required"), f"{parameter['name']}: {HELP}"
            if "example" in parameter:
                assert judge.problems(parameter["schema"], parameter["example"]) == [], parameter["name"]

    def test_what_is_sent_has_an_example_that_fits(self, judge: Judge, operation: Described) -> None:
        if operation.body is not None:
            assert operation.body["example"] is not None, HELP
            assert judge.problems(operation.body["schema"], operation.body["example"]) == []

    def test_every_answer_with_a_body_has_an_example_that_fits(
        self, judge: Judge, described: dict[str, Any], operation: Described
    ) -> None:
        for status, answer in operation.says["responses"].items():
            if "$ref" in answer:
                answer = described["components"]["responses"][answer["$ref"].rpartition("/")[2]]  # noqa: PLW2901
            for content in answer.get("content", {}).values():
                assert content["example"] is not None, f"{status}: {HELP}"
                assert judge.problems(content["schema"], content["example"], strict=True) == [], status
