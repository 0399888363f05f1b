"""Messages and the real broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app

from jobs import dispatch
from jobs.dispatch import LaneMessage
from jobs.errors import BrokerUnavailable

QUEUE = "tests-of-publishing"


@pytest.fixture
def queue() -> Iterator[str]:
    """A queue that no test's worker reads, empty before and after."""
    _purge()
    yield QUEUE
    _purge()


def _purge() -> None:
    with current_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge(QUEUE)


class TestDepth:
    def test_a_queue_without_messages_has_the_depth_nought(self, queue: str) -> None:
        """To kombu an empty list in Redis is a queue that does not exist."""
        assert dispatch.depth(queue) == 0

    def test_each_message_counts(self, queue: str) -> None:
        dispatch.publish([LaneMessage(queue, [(1, 0)]), LaneMessage(queue, [(2, 0), (3, 0)], single=True)])
        assert dispatch.depth(queue) == 2


class TestABrokerThatIsDown:
    @pytest.fixture(autouse=True)
    def _nobody_listens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(current_app.conf, "broker_read_url", "redis://127.0.0.1:1/0")

    def test_the_depth_cannot_be_told(self) -> None:
        with pytest.raises(BrokerUnavailable):
            dispatch.depth(QUEUE)
