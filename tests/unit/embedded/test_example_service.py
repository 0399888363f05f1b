"""The service that the examples call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from embedded.example_service import ExampleService


@pytest.fixture
def service() -> Iterator[str]:
    with ExampleService() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def status(url: str, *, key: str = "") -> int:
    return requests.get(url, headers={"Idempotency-Key": key}, timeout=5).status_code


class TestExampleService:
    def test_ping(self, service: str) -> None:
        assert requests.get(f"{service}/ping", timeout=5).json() == {"pong": True}

    def test_a_flaky_partner_fails_as_often_as_asked_for_each_key(self, service: str) -> None:
        url = f"{service}/flaky/3?fail=2"
        assert [status(url, key="a") for _ in range(4)] == [503, 503, 200, 200]
        assert status(url, key="b") == 503

    def test_a_report_is_accepted_and_what_is_no_json_is_not(self, service: str) -> None:
        accepted = requests.post(f"{service}/reports", json={"a": 1}, timeout=5)
        assert (accepted.status_code, accepted.json()) == (201, {"accepted": {"a": 1}})
        assert requests.post(f"{service}/reports", data="{", timeout=5).status_code == 400

    def test_what_is_not_there_is_not_found(self, service: str) -> None:
        assert status(f"{service}/nothing") == 404
        assert requests.post(f"{service}/nothing", timeout=5).status_code == 404

    def test_the_most_requests_at_once_are_counted(self, service: str) -> None:
        with ThreadPoolExecutor(3) as threads:
            assert list(threads.map(status, [f"{service}/partners/{n}" for n in range(12)])) == [200] * 12
        stats = requests.get(f"{service}/stats", timeout=5).json()
        assert stats["requests"] == 12
        assert stats["by_status"] == {"200": 12}
        assert 1 <= stats["most_at_once"] <= 3
