"""A child process adds payloads to its run: they reach its attempt whole and in order, and not without bound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.child_work import Recorder
from workers import child_intake
from workers.child import run_child
from workers.payloads.base import Work


@pytest.fixture
def work() -> Work:
    return Recorder().work()


def run(work: Work, *, size: int = 10, many: int = 0, then: str = "") -> Any:
    spec = {"size": size, "many": many, "then": then}
    return run_child(module="tests.integration.child_additions", spec=spec, work=work)


def test_they_arrive_in_their_order(work: Work) -> None:
    assert run(work, many=2) == "done"
    names = [(item.get("name"), item.get("key")) for item in work.added]
    assert names == [("first", None), (None, "a"), (None, None), (None, None)]


def test_ten_thousand_arrive(work: Work) -> None:
    run(work, many=10_000)
    assert len(work.added) == 10_002


def test_one_of_almost_a_mebibyte_arrives_whole(work: Work) -> None:
    run(work, size=1_048_000, many=1)
    assert len(json.dumps(work.added[2])) > 1_048_000


def test_one_that_is_larger_is_refused(work: Work) -> None:
    with pytest.raises(PermanentError, match="a payload has 2000044 bytes; the limit is 1048576") as caught:
        run(work, size=2_000_000, many=1)
    assert caught.value.code == "extend_payload"


def test_more_than_a_worker_should_hold_is_refused(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_intake, "MAX_ADDED_CHARACTERS", 5000)
    with pytest.raises(PermanentError, match="more than 5,000 characters") as caught:
        run(work, size=1000, many=10)
    assert caught.value.code == "extend_payload"
    assert len(work.added) == 6


def test_a_failure_stays_a_failure(work: Work) -> None:
    with pytest.raises(TransientError, match="not today"):
        run(work, then="fail")
