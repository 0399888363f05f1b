"""Results as lines of a log."""

from __future__ import annotations

import logging

import pytest

from sinks.models import Delivery
from tests.integration.sinks.pages import deliver_example, example


def test_the_pages_example_is_delivered(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="workers.sink_surroundings"):
        deliver_example(example("log"))
    assert [row.state for row in Delivery.objects.all()] == ["delivered"] * 2
    assert caplog.text.count("RESULT {") == 2
