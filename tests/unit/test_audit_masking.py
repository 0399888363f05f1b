"""What the audit shows of documents."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.masking import MOST_BYTES, differences, masked


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"headers": {"Authorization": "Bearer x"}}, {"headers": {"Authorization": "(hidden)"}}),
        ({"auth": [{"password": "x", "user": "ann"}]}, {"auth": [{"password": "(hidden)", "user": "ann"}]}),
        ({"X-Api-Key": "x", "apiKey": "y"}, {"X-Api-Key": "(hidden)", "apiKey": "(hidden)"}),
        ({"url": "https://ann:x@example.com/a"}, {"url": "https://(hidden)@example.com/a"}),
        ({"auth": {"bearer": {"secret": "token"}}}, {"auth": {"bearer": {"secret": "token"}}}),
        (
            {"payload": [{"parameters": {"body": {"json": {"a": [{"secret": "x"}]}}}}]},
            {"payload": [{"parameters": {"body": {"json": {"a": [{"secret": "(hidden)"}]}}}}]},
        ),
        (
            {"headers": {"Cookie": "x", "X-Auth-Token": "y"}},
            {"headers": {"Cookie": "(hidden)", "X-Auth-Token": "(hidden)"}},
        ),
        ({"dsn": "host=db password=x"}, {"dsn": "host=db password=(hidden)"}),
        ({"url": "https://example.com/?api_key=x&a=1"}, {"url": "https://example.com/?api_key=(hidden)&a=1"}),
        ({"note": "-----BEGIN PRIVATE KEY-----"}, {"note": "(hidden)"}),
        ({"token": {"secret": "name"}}, {"token": {"secret": "name"}}),
        ({"tokens": 5, "nothing": None}, {"tokens": 5, "nothing": None}),
    ],
)
def test_texts_under_names_of_secrets_are_hidden_and_names_of_secrets_are_not(document: Any, shown: Any) -> None:
    assert masked(document) == shown


def test_what_differs_is_masked_where_it_stands() -> None:
    assert differences({"password": "a"}, {"password": "b"}) == ({"password": "(hidden)"}, {"password": "(hidden)"})
    assert differences(None, {"payload": [{"apiKey": "a"}]}) == (None, {"payload": [{"apiKey": "(hidden)"}]})


def test_only_what_differs_is_told() -> None:
    before = {"name": "a", "limit": 1, "gone": True}
    assert differences(before, {"name": "a", "limit": 2, "new": 0}) == (
        {"limit": 1, "gone": True},
        {"limit": 2, "new": 0},
    )


def test_what_was_not_there_is_null() -> None:
    assert differences(None, {"name": "a"}) == (None, {"name": "a"})
    assert differences({"name": "a"}, None) == ({"name": "a"}, None)


def test_a_long_value_is_told_by_its_digest() -> None:
    [before, after] = differences({"payload": ["x" * MOST_BYTES]}, {"payload": ["y" * MOST_BYTES]})
    assert before is not None
    assert after is not None
    assert before["payload"]["size_bytes"] > MOST_BYTES
    assert before["payload"]["sha256"] != after["payload"]["sha256"]
