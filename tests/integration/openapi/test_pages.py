"""The document as it is served, and the pages that show it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.test import Client

from tests.integration.openapi.reading import operations

SCHEMA, PAGES = "/api/v1/schema/", ["/api/v1/docs/", "/api/v1/redoc/"]


def test_the_document_is_served_to_everybody_as_json(described: dict[str, Any]) -> None:
    answer = Client().get(SCHEMA)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    served = json.loads(answer.content)
    assert {each.id for each in operations(served)} == {each.id for each in operations(described)}


def test_and_as_yaml(described: dict[str, Any]) -> None:
    answer = Client().get(SCHEMA, {"format": "yaml"})
    assert answer["Content-Type"] == "application/yaml"
    head = answer.content.decode().partition("\npaths:")[0]
    assert yaml.safe_load(head)["openapi"] == described["openapi"]


def test_another_format_is_refused_in_words() -> None:
    answer = Client().get(SCHEMA, {"format": "xml"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "format")


@pytest.mark.parametrize("address", PAGES)
class TestPages:
    def test_all_that_a_page_loads_is_an_asset_of_this_site(self, address: str) -> None:
        page = Client().get(address).content.decode()
        loaded = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert len(loaded) >= 4
        for each in loaded:
            assert each.startswith("/static/"), each
            assert finders.find(each.removeprefix("/static/")), each
        assert f'data-schema="{SCHEMA}"' in page

    def test_the_browser_lets_it_call_no_other_site(self, address: str) -> None:
        policy = Client().get(address)["Content-Security-Policy"]
        sources = {word for rule in policy.split(";") for word in rule.split()[1:]}
        assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:", "blob:"}
        assert "script-src 'self';" in policy

    def test_it_is_only_read(self, address: str) -> None:
        assert Client().post(address).status_code == 405
