"""Connections are used again, and only when they are sound."""

import concurrent.futures
import time

import pytest

from jobs.errors import JobsError, TransientError
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.service import Service
from workers.payloads.http.connections import POOL


def test_twenty_calls_of_one_thread_take_one_connection(service: Service) -> None:
    for _ in range(20):
        perform(service.url())
    assert (len(service.seen), service.connections) == (20, 1)


def test_threads_share_what_is_idle_and_never_one_connection_at_once(service: Service) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: perform(service.url(f"/echo?n={number}")), range(200)))
    assert [result["body"]["path"] for result in results] == [f"/echo?n={number}" for number in range(200)]
    assert service.connections <= 8


@pytest.mark.parametrize("path", ["/status?code=500", "/status?code=404", "/large?size=3000000", "/chunked"])
def test_a_connection_outlives_an_answer_that_was_read_to_its_end(service: Service, path: str) -> None:
    for _ in range(3):
        try:
            perform(service.url(path))
        except JobsError:
            continue
    assert service.connections == 1


@pytest.mark.parametrize("path", ["/short", "/drip_body", "/drip_header"])
def test_a_connection_that_broke_is_not_used_again(service: Service, path: str) -> None:
    with pytest.raises(TransientError):
        perform(service.url(path), timeouts={"total": "300ms"})
    perform(service.url())
    assert service.connections == 2


def test_an_answer_that_is_announced_as_the_connections_last_is_read_whole(service: Service) -> None:
    assert [perform(service.url("/last"))["body_bytes"] for _ in range(2)] == [1_000_000, 1_000_000]
    assert service.connections == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_the_server_closed_costs_no_attempt(service: Service, method: str) -> None:
    for _ in range(3):
        assert perform(service.url("/close"), method=method)["status"] == 200
        _wait_until_the_end_has_arrived()


def _wait_until_the_end_has_arrived() -> None:
    """What is sent before that is a race, which a POST may lose."""
    for stack in POOL._idle.values():
        for _, connection in stack:
            while connection.is_idle:
                time.sleep(0.001)


def test_an_idle_connection_that_breaks_under_the_request_is_replaced_for_what_may_be_sent_twice(
    service: Service,
) -> None:
    perform(service.url("/ok"))
    service.hang_up_once = True
    assert perform(service.url("/ok"))["status"] == 200
    assert service.connections == 2


def test_what_must_not_be_sent_twice_is_left_to_the_retry_policy(service: Service) -> None:
    perform(service.url("/ok"))
    service.hang_up_once = True
    with pytest.raises(TransientError, match="closed the connection without an answer"):
        perform(service.url("/ok"), method="POST", body={"text": "order"})
    assert [seen.method for seen in service.seen] == ["GET", "POST"]


def test_a_pool_keeps_a_limited_number(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.payloads.http.connections.MAX_IDLE", 0)
    perform(service.url())
    perform(service.url())
    assert service.connections == 2


def test_a_connection_that_was_idle_for_too_long_is_closed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.payloads.http.client.MAX_IDLE_SECONDS", -1.0)
    perform(service.url())
    perform(service.url())
    assert service.connections == 2


def test_a_forked_child_begins_without_its_parents_connections(service: Service) -> None:
    perform(service.url())
    kept, POOL._idle = POOL._idle, POOL._idle
    try:
        POOL.forget()
        perform(service.url())
        assert service.connections == 2
    finally:
        POOL.close()
        for stack in kept.values():
            for _, connection in stack:
                connection.close()
