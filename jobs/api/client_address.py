"""From where a request came: one answer, for whoever counts by address."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address of the client, as the trusted proxies tell it.

    Each proxy adds, at the end of ``X-Forwarded-For``, from where the request came to it. So with two proxies the last entry but
    one is what the outer one saw, and whatever stands before it the client may have written itself. With none
    the header says nothing.

    Returns:
        An IP address; where the connection came from, when the header has too few entries or none that is an address; None
        for a unix socket.
    """
    proxies, direct = settings.JOBS_TRUSTED_PROXIES, request.META.get("REMOTE_ADDR") or None
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not proxies or len(hops) < proxies:
        return direct
    try:
        return str(ipaddress.ip_address(_bare(hops[-proxies])))
    except ValueError:
        return direct


def _bare(hop: str) -> str:
    """Without the port that some proxies add: ``192.0.2.1:4711``, ``[2001:db8::1]:4711``."""
    text = hop.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
