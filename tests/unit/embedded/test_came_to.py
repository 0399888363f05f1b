"""What the demo's table says that an example came to."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.came_to import came_to


def payload(result: Any = None, **more: Any) -> dict[str, Any]:
    return {"state": "succeeded", "result": result, "error": None, **more}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"rows": {"input": 2000, "output": 1999}, "destination": "duckdb"}, "1,999 rows into duckdb"),
        ({"records": 6000, "datasets": [{}, {}]}, "6,000 records in 2 files"),
        ({"dry_run": False, "deleted": {"runs": 1000, "payloads": 2}}, "1,002 rows erased"),
        ({"status": 201, "body": {"status": "no"}}, "status 201"),
        ({"value": {"rows": 12, "skipped": None}}, "12 rows by Spark"),
        ("whatever", ""),
    ],
)
def test_each_kind_has_its_words(result: Any, words: str) -> None:
    assert came_to([payload(result)]) == words


def test_what_failed_says_why() -> None:
    failed = payload(state="failed", error={"code": "http_status", "message": "HTTP 404 Not Found"})
    assert came_to([failed]) == "HTTP 404 Not Found"


def test_what_was_delivered_is_said_too() -> None:
    deliveries = [{"sink": "reports", "delivered": 1, "waiting": 0, "due": 0, "dead": 0}]
    assert came_to([payload({"status": 200})], deliveries=deliveries) == "status 200, 1 delivered to reports"


def test_what_was_cancelled_before_it_began_says_nothing() -> None:
    assert came_to([payload(state="cancelled")]) == ""


def test_what_many_came_to_is_said_once() -> None:
    assert came_to([payload({"status": 200}), payload({"status": 500}), payload({"status": 200})]) == (
        "status 200 (2 times), status 500"
    )
