"""TLS: certificates are verified by name, against the public authorities or the payload's own."""

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509

from jobs.errors import PermanentError, TransientError
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.http_payload.service import Service


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return make_identity(tmp_path_factory.mktemp("tls"), x509.DNSName("secure.example"), loopback)


@pytest.fixture
def secure(identity: Identity) -> Iterator[Service]:
    with Service(tls=identity.context) as service:
        yield service


@pytest.fixture
def _every_name_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **kwargs: real("127.0.0.1", port, **kwargs))


def test_an_unknown_authority_is_refused_for_good(secure: Service) -> None:
    with pytest.raises(PermanentError, match="certificate not accepted: self-signed certificate") as caught:
        perform(secure.url())
    assert caught.value.code == "tls"
    assert secure.seen == []


def test_the_payloads_own_authority_is_accepted(secure: Service, identity: Identity) -> None:
    assert perform(secure.url(), tls={"ca": identity.pem})["status"] == 200


@pytest.mark.usefixtures("_every_name_is_here")
def test_the_certificate_must_be_for_the_name(secure: Service, identity: Identity) -> None:
    assert perform(secure.url(host="secure.example"), tls={"ca": identity.pem})["status"] == 200
    with pytest.raises(PermanentError, match="certificate not accepted: Hostname mismatch"):
        perform(secure.url(host="other.example"), tls={"ca": identity.pem})


@pytest.mark.usefixtures("_every_name_is_here")
def test_the_server_is_told_the_name(identity: Identity, tmp_path: Path) -> None:
    told: list[str] = []
    context = make_identity(tmp_path, x509.DNSName("secure.example"))
    context.context.set_servername_callback(lambda sock, name, _: told.append(str(name)))
    with Service(tls=context.context) as service:
        perform(service.url(host="secure.example"), tls={"ca": context.pem})
    assert told == ["secure.example"]


def test_verification_can_be_switched_off_for_one_payload_alone(secure: Service) -> None:
    assert perform(secure.url(), tls={"verify": False})["status"] == 200
    with pytest.raises(PermanentError, match="certificate not accepted"):
        perform(secure.url())


def test_connections_are_used_again(secure: Service, identity: Identity) -> None:
    for _ in range(5):
        perform(secure.url(), tls={"ca": identity.pem})
    assert (len(secure.seen), secure.connections) == (5, 1)


def test_a_handshake_that_does_not_come_takes_no_longer_than_connecting_may() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(TransientError, match=r"no TLS handshake within 0\.3 s"):
            perform(url, timeouts={"connect": "300ms"})


def test_a_server_without_tls_is_an_error_that_may_pass(service: Service) -> None:
    with pytest.raises(TransientError, match="connection failed"):
        perform(service.url().replace("http:", "https:"))


@pytest.mark.parametrize("path", ["/silent", "/drip_body", "/drip_header"])
def test_the_total_time_holds_under_tls_too(secure: Service, identity: Identity, path: str) -> None:
    with pytest.raises(TransientError, match=r"not finished within 0\.4 s"):
        perform(secure.url(path), tls={"ca": identity.pem}, timeouts={"total": "400ms"})


def test_a_large_body_arrives_whole_under_tls_too(secure: Service, identity: Identity) -> None:
    perform(secure.url(), method="PUT", body={"text": "z" * 3_000_000}, tls={"ca": identity.pem})
    assert secure.seen[0].body == b"z" * 3_000_000


class TestDowngrade:
    def test_credentials_do_not_leave_tls(self, secure: Service, service: Service, identity: Identity) -> None:
        url = secure.url(f"/redirect?to={quote(service.url('/ok'), safe='')}")
        for private in ({"auth": {"bearer": {"secret": "token"}}}, {"headers": {"Cookie": "a=b"}}):
            with pytest.raises(PermanentError, match="a redirect from https to http"):
                perform(url, tls={"ca": identity.pem}, **private)
        assert service.seen == []

    def test_a_request_without_credentials_may(
        self, secure: Service, service: Service, identity: Identity, settings: Any
    ) -> None:
        url = secure.url(f"/redirect?to={quote(service.url('/ok'), safe='')}")
        assert perform(url, tls={"ca": identity.pem})["redirects"] == 1
