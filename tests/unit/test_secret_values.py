"""What must not stand in a file, and what may."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from jobs import secret_values, yaml_text

AWS_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
RANDOM = "Zk3jH8sLq0WmT5vXy7Nb"
ROOT = Path(__file__).parents[2]


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
        ({"url": "https://ann:hunter2@example.org/x"}, "url"),
        ({"url": "postgresql://ann:hunter2@db/shop?sslmode=require"}, "url"),
        ({"url": "jdbc:postgresql://db/shop?user=ann&password=hunter2"}, "url"),
        ({"conninfo": "host=db user=ann password='hunter 2'"}, "conninfo"),
        ({"odbc": "Server=db;Uid=ann;Pwd=hunter2;"}, "odbc"),
        ({"storage": "AccountName=shop;AccountKey=aGVsbG8=;EndpointSuffix=core.windows.net"}, "storage"),
        ({"headers": {"Cookie": "session=1"}}, "headers.Cookie"),
        ({"headers": {"Proxy-Authorization": "Basic abc"}}, "headers.Proxy-Authorization"),
        ({"headers": {"X-Vault-Token": "abc"}}, "headers.X-Vault-Token"),
        ({"headers": {"X-Hub-Signature-256": "sha256=abc"}}, "headers.X-Hub-Signature-256"),
        ({"headers": [{"name": "Authorization", "value": "Bearer abc"}]}, "headers.0.value"),
        ({"body": {"json": {"login": [{"token": "abc"}]}}}, "body.json.login.0.token"),
        ({"body": {"form": {"client_secret": "abc"}}}, "body.form.client_secret"),
        ({"body": {"json": {"fields": {"password": "abc"}}}}, "body.json.fields.password"),
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
        {"tokens": "5", "tokenizer": "words", "monkey": "coco", "key": "task:ping", "public_key": "abc"},
        {"sql": "SELECT a FROM t WHERE password = 'x' AND b = 2", "url": "https://ann@example.org/x"},
        {"url": "https://example.org/x?token={{ parameters.token }}"},
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "see https://ann:hunter2@example.org/x and https://example.org",
            "see https://***@example.org/x and https://example.org",
        ),
        ("https://example.org/x?a=1&access_token=abc&b=2#c", "https://example.org/x?a=1&access_token=***&b=2#c"),
        ("host=db user=ann password='hunter 2' port=5432", "host=db user=ann password=*** port=5432"),
        ("Server=db;Uid=ann;Pwd=hunter2;", "Server=db;Uid=ann;Pwd=***;"),
    ],
)
def test_of_an_address_and_of_a_connection_string_only_the_secret_is_hidden(text: str, shown: str) -> None:
    assert secret_values.masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a" * 500_000,
        "://:" * 150_000,
        "://" + ":" * 500_000,
        "eyJ-" * 150_000,
        "a=b " * 150_000,
        "?a" * 250_000,
        "a " * 2_000 + "==",
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(text: str) -> None:
    began = time.process_time()
    secret_values.masked({"text": text})
    secret_values.problems({"text": text})
    assert time.process_time() - began < 5


def test_a_field_by_itself_is_hidden_by_its_path() -> None:
    assert secret_values.masked("abc", "parameters.headers.Authorization") == secret_values.MASK
    assert secret_values.masked(RANDOM, "sign.secrets.0") == secret_values.MASK
    assert secret_values.masked("abc", "payload.0.name") == "abc"
