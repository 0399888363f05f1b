"""An HTTP call that is answered later, from its first call to its end, by the engine."""

from __future__ import annotations

import pytest

from jobs.models import Lane, Requeued
from tests.conformance.adapter import Adapter, Case
from tests.conformance.adapters.http import HttpAdapter
from tests.conformance.engine import Engine, payload_of


@pytest.mark.parametrize("adapter", [HttpAdapter], indirect=True)
def test_it_is_one_attempt_and_holds_no_lane_between_two_looks(adapter: Adapter, engine: Engine) -> None:
    assert isinstance(adapter, HttpAdapter)
    accepted = (202, {"Location": "/next/status"}, b"{}")
    adapter.service.answers = [accepted, accepted, (200, {}, b'{"n": 7}')]
    run = engine.start(Case({"url": adapter.service.url("/next"), "poll": {"interval": "1h"}, "extract": {"n": "$.n"}}))
    engine.work(run)
    for _ in range(2):
        assert not Lane.objects.exists()
        assert Requeued.objects.get(run=run).attempts == 0
        engine.try_again(run)
    payload = payload_of(run)
    assert (payload.state, payload.attempts) == ("succeeded", 1)
    assert payload.result is not None
    assert (payload.result["extracted"], payload.result["looks"]) == ({"n": 7}, 2)
    assert [seen.path for seen in adapter.service.seen] == ["/next", "/next/status", "/next/status"]
