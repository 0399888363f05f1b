"""What must not stand in a file, and what may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs import yaml_text
from manifests import secret_values

AWS_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
RANDOM = "Zk3jH8sLq0WmT5vXy7Nb"
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"auth": {"bearer": {"secret": RANDOM}}}, "auth.bearer.secret"),
        ({"sign": {"secrets": ["good-name", "whsec_" + "A" * 32]}}, "sign.secrets.1"),
        ({"access_key_secret": AWS_KEY}, "access_key_secret"),
        ({"password_secret": "5f4dcc3b5aa765d61d8327deb882cf99"}, "password_secret"),
        ({"headers": {"Authorization": "Bearer abc"}}, "headers.Authorization"),
        ({"headers": {"X-Api-Key": "abc"}}, "headers.X-Api-Key"),
        ({"parameters": {"password": "hunter2"}}, "parameters.password"),
        ({"parameters": {"apiKey": "abc"}}, "parameters.apiKey"),
        ({"configuration": {"spark.hadoop.fs.s3a.secret.key": "abc"}}, "configuration.spark.hadoop.fs.s3a.secret.key"),
        ({"url": "https://example.org/x?token=abc"}, "url"),
        ({"notes": "-----BEGIN RSA PRIVATE KEY-----"}, "notes"),
        ({"description": f"use {AWS_KEY}"}, "description"),
        ({"list": [{"a": "ghp_" + "a1B2" * 9}]}, "list.0.a"),
    ],
)
def test_a_value_is_found_and_hidden(document: dict[str, Any], field: str) -> None:
    [problem] = secret_values.problems(document)
    assert problem.field == field
    assert "set_secret" in problem.message
    assert secret_values.MASK in str(secret_values.masked(document))


@pytest.mark.parametrize(
    "document",
    [
        {"auth": {"bearer": {"secret": "partner-token"}}, "password_secret": "db.production_password-2026"},
        {"headers": {"Authorization": "Bearer {{ parameters.token }}", "X-Trace": RANDOM}},
        {"fields": {"password": "data.password"}, "types": {"token": "text"}, "rename": {"api_key": "key"}},
        {"url": "https://example.org/x?page=2"},
        {"password": "", "token": None},
        {"secret": "a-long-name-of-a-secret-for-the-partner-in-hamburg"},
    ],
)
def test_names_templates_and_names_of_columns_are_left_alone(document: dict[str, Any]) -> None:
    assert secret_values.problems(document) == []
    assert secret_values.masked(document) == document


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_no_example_is_taken_for_a_secret(path: Path) -> None:
    documents = yaml_text.read_documents(path.read_text(encoding="utf-8"))
    assert [secret_values.problems(document) for document in documents] == [[]] * len(documents)


def test_a_field_by_itself_is_hidden_by_its_path() -> None:
    assert secret_values.masked("abc", "parameters.headers.Authorization") == secret_values.MASK
    assert secret_values.masked(RANDOM, "sign.secrets.0") == secret_values.MASK
    assert secret_values.masked("abc", "payload.0.name") == "abc"
