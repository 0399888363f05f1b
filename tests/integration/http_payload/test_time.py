"""No call outlives its time, whatever the server does; one that is told to stop has its grace."""

import concurrent.futures
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from jobs.errors import TransientError
from tests.integration.http_payload.calls import perform, work
from tests.integration.http_payload.service import Service
from workers.payloads.base import Work
from workers.payloads.http.executor import EXECUTOR

SLOW = ["/silent", "/drip_header", "/drip_body"]


class TestTotal:
    @pytest.mark.parametrize("path", SLOW)
    def test_it_holds_however_slowly_the_answer_comes(self, service: Service, path: str) -> None:
        started = time.monotonic()
        with pytest.raises(TransientError, match=r"timed out: not finished within 0\.4 s") as caught:
            perform(service.url(path), timeouts={"total": "400ms"})
        assert 0.35 < time.monotonic() - started < 1.5
        assert caught.value.code == "timeout"

    def test_it_is_capped_by_the_attempts_own(self, service: Service) -> None:
        with pytest.raises(TransientError, match=r"timed out: took longer than its 0\.3 s"):
            perform(service.url("/silent"), timeouts={"total": "1h"}, timeout_seconds=0.3)

    def test_an_attempt_that_extends_its_time_extends_the_calls(self, service: Service) -> None:
        started = time.monotonic()
        attempt = work(service.url("/silent"), timeout_seconds=0.4)
        threading.Timer(0.3, attempt.deadline.extend).start()
        with pytest.raises(TransientError, match=r"timed out: took longer than the 0\.4 s that it had since"):
            EXECUTOR.perform(attempt)
        assert 0.65 < time.monotonic() - started < 2

    def test_it_covers_all_redirects_together(self, service: Service) -> None:
        started = time.monotonic()
        with pytest.raises(TransientError, match="timed out"):
            perform(service.url("/redirect?to=/redirect?to=/drip_body"), timeouts={"total": "400ms"})
        assert time.monotonic() - started < 1.5

    def test_a_name_server_that_does_not_answer_holds_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        released = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(10) and [])
        with pytest.raises(TransientError, match="timed out"):
            perform("http://slow-names.example/", timeouts={"total": "300ms"})
        released.set()


class TestRead:
    def test_it_limits_the_silence(self, service: Service) -> None:
        started = time.monotonic()
        with pytest.raises(TransientError, match=r"nothing came for 0\.2 s"):
            perform(service.url("/silent"), timeouts={"read": "200ms"})
        assert time.monotonic() - started < 2

    def test_a_slow_answer_that_goes_on_is_no_silence(self, service: Service) -> None:
        with pytest.raises(TransientError, match="not finished within 1 s"):
            perform(service.url("/drip_body"), timeouts={"read": "300ms", "total": "1s"})


class TestConnect:
    def test_it_limits_the_way_to_the_connection(self) -> None:
        with socket.socket() as listener, contextlib.ExitStack() as waiting:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for _ in range(3):  # A listener whose queue is full does not answer: the kernel drops what asks to connect.
                caller = waiting.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex(listener.getsockname())
            started = time.monotonic()
            with pytest.raises(TransientError, match=r"no connection within 0\.5 s"):
                perform(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeouts={"connect": "500ms"})
            assert time.monotonic() - started < 2


class TestSending:
    def test_a_server_that_does_not_read_holds_nobody(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            with pytest.raises(TransientError, match="timed out"):
                perform(url, method="POST", body={"text": "z" * 20_000_000}, timeouts={"total": "500ms"})


class TestCancel:
    @pytest.fixture(autouse=True)
    def _pool(self) -> Iterator[None]:
        with concurrent.futures.ThreadPoolExecutor(1) as self.pool:
            yield

    def under_way(self, service: Service, attempt: Work) -> concurrent.futures.Future[Any]:
        call = self.pool.submit(EXECUTOR.perform, attempt)
        assert service.arrived.wait(5)
        return call

    @pytest.mark.parametrize("path", SLOW)
    def test_it_closes_the_call_once_its_grace_is_over(self, service: Service, path: str) -> None:
        attempt = replace(work(service.url(path)), grace_seconds=1.0)
        call = self.under_way(service, attempt)
        cancelled_at = time.monotonic()
        attempt.cancelled.set()
        with pytest.raises(TransientError, match="had no answer 1 s later") as caught:
            call.result(timeout=5)
        assert caught.value.code == "cancelled"
        assert 1 <= time.monotonic() - cancelled_at < 2

    def test_what_is_answered_within_the_grace_has_its_result(self, service: Service) -> None:
        attempt = work(service.url("/held"))
        call = self.under_way(service, attempt)
        attempt.cancelled.set()
        time.sleep(0.6)  # two looks of the guard's
        service.release.set()
        assert call.result(timeout=5)["status"] == 200

    @pytest.mark.parametrize("path", SLOW)
    def test_nobody_waits_for_what_counts_for_nothing(self, service: Service, path: str) -> None:
        attempt = work(service.url(path))
        call = self.under_way(service, attempt)
        cancelled_at = time.monotonic()
        attempt.lost.set()
        attempt.cancelled.set()
        with pytest.raises(TransientError, match="told to stop"):
            call.result(timeout=5)
        assert time.monotonic() - cancelled_at < 1

    def test_what_is_cancelled_before_is_not_sent(self, service: Service) -> None:
        attempt = work(service.url())
        attempt.cancelled.set()
        with pytest.raises(TransientError, match="told to stop"):
            EXECUTOR.perform(attempt)
        assert service.seen == []
