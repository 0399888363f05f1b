"""Sinks of kind ``log``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from sinks.documents import configuration_errors
from sinks.log import KIND
from sinks.models import Delivery
from tests.integration.sinks.handmade import parcel, record
from tests.integration.sinks.pages import deliver_example, example
from tests.integration.sinks.surroundings import surroundings

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is said into the log of this process."""
    with capture_logs() as said:
        yield said


def texts(lines: list[Any]) -> list[tuple[str, str]]:
    return [(line["log_level"], line["text"]) for line in lines if line["event"] == "sink.said"]


def test_each_record_is_a_line(lines: list[Any]) -> None:
    records = [record(0, result={"city": "Zürich"}), record(1, state="failed", error={"code": "no"})]
    receipt = KIND.open(KIND.configuration(), surroundings()).deliver(parcel(*records))
    said = [f"DATA: {json.dumps(each.document(), ensure_ascii=False)}" for each in records]
    assert texts(lines) == [("info", line) for line in said]
    content = "".join(f"{line}\n" for line in said).encode()
    assert (receipt.bytes, receipt.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert receipt.details == {"lines": 2}


def test_a_secret_that_was_read_is_not_written(lines: list[Any]) -> None:
    around = surroundings(KEY="open sesame")
    around.secret("KEY")
    KIND.open(KIND.configuration(), around).deliver(parcel(record(result="say open sesame")))
    [(_, line)] = texts(lines)
    assert "sesame" not in line
    assert '"result": "say ' in line


@pytest.mark.parametrize(
    ("wrong", "said"), [({"level": "loud"}, "expected"), ({"prefix": "{{ a. }}"}, "is no JMESPath expression")]
)
def test_what_is_wrong_is_told_when_it_is_saved(wrong: dict[str, Any], said: str) -> None:
    [error] = configuration_errors(kind="log", configuration=wrong)
    assert said in error.message


@pytest.mark.django_db(transaction=True)
def test_the_example_of_the_page(lines: list[Any]) -> None:
    deliver_example(example("log"))
    [(level, first), (_, second)] = texts(lines)
    assert level == "warning"
    assert first.startswith('task:tell-readings first: {"position": 0,')
    assert second.startswith('task:tell-readings second: {"position": 1,')
    assert Delivery.objects.get().receipt == {"lines": 2}
