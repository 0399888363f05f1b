"""Where payloads may go: decided on the address that is really connected to."""

import ipaddress
import socket
from typing import Any

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.service import Service


def answers(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> list[str]:
    """Let the name server answer these addresses, one list per question; returns the log of questions."""
    asked: list[str] = []
    left = list(rounds)

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        found = left.pop(0)
        return [(_family(address), socket.SOCK_STREAM, 6, "", _address(address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _address(address: str, port: int) -> tuple[Any, ...]:
    return (address, port, 0, 0) if ":" in address else (address, port)


class TestByDefault:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "169.254.169.254",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[fe80::1]",
        ],
    )
    def test_nothing_private_is_reached_however_it_is_spelt(self, settings: Any, service: Service, host: str) -> None:
        settings.JOBS_EGRESS_ALLOW = []
        with pytest.raises(PermanentError, match="does not let payloads go there") as caught:
            perform(service.url(host=host))
        assert caught.value.code == "egress_refused"
        assert (service.connections, service.seen) == (0, [])

    def test_the_error_names_host_address_and_reason(self, settings: Any, service: Service) -> None:
        settings.JOBS_EGRESS_ALLOW = []
        with pytest.raises(PermanentError, match=r"127\.0\.0\.1 is at 127\.0\.0\.1 \(loopback\)") as caught:
            perform(service.url())
        assert caught.value.details["address"] == "127.0.0.1"
        assert caught.value.details["host"] == "127.0.0.1"

    def test_an_allowance_reaches_no_further_than_it_says(self, service: Service) -> None:
        with pytest.raises(PermanentError, match=r"127\.0\.0\.2"):
            perform(service.url(host="127.0.0.2"))
        assert perform(service.url())["status"] == 200


class TestRebinding:
    def test_the_checked_address_is_the_one_connected_to(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = answers(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
        result = perform(service.url(host="rebind.example"))
        assert result["status"] == 200
        assert service.seen[0].headers["Host"] == f"rebind.example:{service.port}"
        assert asked == ["rebind.example"]

    def test_a_later_private_answer_is_refused(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = answers(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
        perform(service.url("/close", host="rebind.example"))
        with pytest.raises(PermanentError, match=r"rebind\.example is at 127\.0\.0\.2 \(loopback\)"):
            perform(service.url(host="rebind.example"))
        assert len(asked) == 2
        assert len(service.seen) == 1

    def test_of_several_addresses_only_permitted_ones_are_tried(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connected: list[str] = []
        real = socket.socket.connect_ex

        def connect_ex(sock: socket.socket, address: Any) -> int:
            connected.append(address[0])
            return real(sock, address)

        monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
        answers(monkeypatch, ["::1", "169.254.169.254", "127.0.0.1"])
        assert perform(service.url(host="many.example"))["status"] == 200
        assert connected == ["127.0.0.1"]

    def test_the_next_address_is_tried_when_one_does_not_answer(
        self, settings: Any, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
        answers(monkeypatch, ["127.0.0.9", "127.0.0.1"])
        assert perform(service.url(host="many.example"))["status"] == 200

    def test_a_name_without_addresses_is_an_error_that_may_pass(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answers(monkeypatch, [])
        with pytest.raises(TransientError, match="host not found"):
            perform("http://nothing.example/")

    def test_an_idle_connection_does_not_outlive_its_allowance(self, settings: Any, service: Service) -> None:
        perform(service.url())
        settings.JOBS_EGRESS_ALLOW = []
        with pytest.raises(PermanentError, match="loopback"):
            perform(service.url())
