"""From where a request came, with proxies before the site and without."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from jobs.api.client_address import client_address


def asked(forwarded: str | None, direct: str = "10.0.0.1") -> str | None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=direct))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "10.0.0.1"),
        (0, "203.0.113.1", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "198.51.100.7, 203.0.113.1", "203.0.113.1"),
        (2, "198.51.100.7, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        (2, "203.0.113.1", "10.0.0.1"),
        (1, "203.0.113.1:4711", "203.0.113.1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8:0::1", "2001:db8::1"),
        (1, "nobody", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_it_is_what_the_outermost_trusted_proxy_saw(
    settings: Any, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.JOBS_TRUSTED_PROXIES = proxies
    assert asked(forwarded) == address


def test_a_unix_socket_has_none(settings: Any) -> None:
    settings.JOBS_TRUSTED_PROXIES = 0
    assert asked(None, "") is None
