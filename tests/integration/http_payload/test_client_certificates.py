"""Mutual TLS: the call shows a certificate whose key is a secret."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509

from jobs.errors import PermanentError
from tests.integration.http_payload import calls
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.http_payload.service import Service

LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
CLIENT = {"certificate_secret": "certificate", "key_secret": "key", "passphrase_secret": "passphrase"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("client"), LOOPBACK, passphrase="open sesame")


@pytest.fixture(autouse=True)
def _secrets(client: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("certificate", client.pem), ("key", client.key), ("passphrase", "open sesame\n")):
        monkeypatch.setitem(calls.SECRETS, name, value)


@pytest.fixture
def server(tmp_path: Path) -> Identity:
    return make_identity(tmp_path, LOOPBACK)


@pytest.fixture
def strict(server: Identity, client: Identity) -> Iterator[Service]:
    """A server that speaks to that client alone."""
    server.context.verify_mode = ssl.CERT_REQUIRED
    server.context.load_verify_locations(cadata=client.pem)
    with Service(tls=server.context) as service:
        yield service


def test_the_server_sees_the_certificate(strict: Service, server: Identity) -> None:
    assert perform(strict.url("/ok"), tls={"ca": server.pem, "client": CLIENT})["status"] == 200


def test_without_it_the_server_refuses_and_no_retry_would_change_that(strict: Service, server: Identity) -> None:
    with pytest.raises(PermanentError, match="did not accept the client certificate") as caught:
        perform(strict.url("/ok"), tls={"ca": server.pem})
    assert caught.value.code == "tls"
    assert strict.seen == []


def test_a_connection_that_showed_it_is_not_lent_to_a_call_without(strict: Service, server: Identity) -> None:
    perform(strict.url("/ok"), tls={"ca": server.pem, "client": CLIENT})
    with pytest.raises(PermanentError):
        perform(strict.url("/ok"), tls={"ca": server.pem})


def test_it_does_not_follow_a_redirect_to_another_origin(strict: Service, server: Identity) -> None:
    with Service(tls=server.context) as other, pytest.raises(PermanentError) as caught:
        perform(strict.url(f"/redirect?to={quote(other.url('/ok'))}"), tls={"ca": server.pem, "client": CLIENT})
    assert caught.value.code == "tls"
    assert len(strict.seen) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"certificate_secret": "token"},
        {"certificate_secret": "certificate"},
        {"certificate_secret": "certificate", "key_secret": "key"},
        {"certificate_secret": "certificate", "key_secret": "key", "passphrase_secret": "token"},
    ],
)
def test_what_cannot_be_read_is_refused_and_not_told(strict: Service, given: dict[str, str]) -> None:
    with pytest.raises(PermanentError, match="cannot be used as a client certificate") as caught:
        perform(strict.url("/ok"), tls={"client": given})
    assert caught.value.code == "secret"
    assert "PRIVATE" not in str(caught.value)
    assert strict.connections == 0


def test_the_key_is_left_in_no_open_file(strict: Service, server: Identity) -> None:
    perform(strict.url("/ok"), tls={"ca": server.pem, "client": CLIENT})
    links = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if _is_open(name)]
    assert not [link for link in links if "client-certificate" in link]


def _is_open(name: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{name}")
