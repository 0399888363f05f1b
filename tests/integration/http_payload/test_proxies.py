"""Calls through a proxy: a tunnel for https, the whole URL for http, and no way around the egress rules."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterator

import pytest
from cryptography import x509

from jobs.errors import PermanentError, TransientError
from tests.integration.http_payload.calls import SECRETS, perform
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.http_payload.proxy import ProxyServer
from tests.integration.http_payload.service import Service


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("tls"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.fixture
def secure(identity: Identity) -> Iterator[Service]:
    with Service(tls=identity.context) as service:
        yield service


@pytest.fixture
def proxy() -> Iterator[ProxyServer]:
    with ProxyServer() as proxy:
        yield proxy


def test_http_goes_to_the_proxy_with_its_whole_url(service: Service, proxy: ProxyServer) -> None:
    assert perform(service.url("/echo?a=1"), proxy=proxy.url)["status"] == 200
    assert proxy.asked == [f"GET {service.url('/echo?a=1')} HTTP/1.1"]
    assert service.seen[0].path == "/echo?a=1"


def test_https_goes_through_a_tunnel_and_the_certificate_is_the_servers(
    secure: Service, identity: Identity, proxy: ProxyServer
) -> None:
    for _ in range(2):
        assert perform(secure.url("/ok"), proxy=proxy.url, tls={"ca": identity.pem})["status"] == 200
    assert proxy.asked == [f"CONNECT 127.0.0.1:{secure.port} HTTP/1.1"]  # the tunnel is used again
    with pytest.raises(PermanentError, match="certificate not accepted"):
        perform(secure.url("/ok"), proxy=proxy.url)


def test_a_direct_call_does_not_take_the_tunnel(secure: Service, identity: Identity, proxy: ProxyServer) -> None:
    perform(secure.url("/ok"), proxy=proxy.url, tls={"ca": identity.pem})
    perform(secure.url("/ok"), tls={"ca": identity.pem})
    assert secure.connections == 2


@pytest.mark.parametrize("encrypted", [False, True])
def test_its_password_goes_to_the_proxy_and_no_further(
    service: Service, secure: Service, identity: Identity, encrypted: bool
) -> None:
    target = secure if encrypted else service
    shown = "Basic " + base64.b64encode(f"me:{SECRETS['token']}".encode()).decode()
    with ProxyServer(authorization=shown) as proxy:
        given = {"url": proxy.url, "username": "me", "password_secret": "token"}
        assert perform(target.url("/ok"), proxy=given, tls={"ca": identity.pem})["status"] == 200
        assert "Proxy-Authorization" not in target.seen[0].headers


@pytest.mark.parametrize(("status", "error"), [(403, PermanentError), (407, PermanentError), (503, TransientError)])
def test_a_proxy_that_refuses_is_named(secure: Service, status: int, error: type[PermanentError]) -> None:
    with ProxyServer(refuses=status) as proxy, pytest.raises(error, match=f"the proxy answered {status}") as caught:
        perform(secure.url("/ok"), proxy=proxy.url)
    assert caught.value.code == "proxy"


def test_the_proxy_itself_must_be_where_payloads_may_go(service: Service) -> None:
    with pytest.raises(PermanentError) as caught:
        perform(service.url("/ok"), proxy="http://127.0.0.2:3128")
    assert (caught.value.code, caught.value.details["host"]) == ("egress_refused", "127.0.0.2")


def test_a_proxy_is_no_way_around_the_rules_for_addresses(proxy: ProxyServer) -> None:
    with pytest.raises(PermanentError) as caught:
        perform("http://127.0.0.2/", proxy=proxy.url)
    assert caught.value.code == "egress_refused"
    assert proxy.asked == []


def test_a_name_that_only_the_proxy_knows_is_left_to_it(proxy: ProxyServer) -> None:
    proxy.refuses = 502
    with pytest.raises(TransientError, match="the proxy answered 502"):
        perform("https://only-inside.invalid/", proxy=proxy.url)
    assert proxy.asked == ["CONNECT only-inside.invalid:443 HTTP/1.1"]
