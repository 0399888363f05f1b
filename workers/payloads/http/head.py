"""The head of a request, as it is written to the connection (RFC 9112, sections 2 to 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jobs.http.fields import TOKEN, check_header_value
from jobs.http.urls import DEFAULT_PORTS, Target

_VISIBLE = re.compile(r"[!-~]+")
# Some servers answer 411 when one of these comes without a length.
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})


def request_head(
    *, method: str, target: Target, path: str, headers: Mapping[str, str], body_bytes: int | None
) -> bytes:
    """Write the request line, Host, Content-Length and the headers.

    Args:
        path: With the query; the target's, or that with a key added.
        headers: Values go out as UTF-8.
        body_bytes: None when there is no body.

    Raises:
        ValueError: Something would end its line, or is no name. It was checked before, and this is the last gate.
    """
    host = host_header(target)
    if not TOKEN.fullmatch(method) or not _VISIBLE.fullmatch(path) or not _VISIBLE.fullmatch(host):
        raise ValueError("a method, host or path that no request line can carry")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if body_bytes is not None or method in _WITH_LENGTH:
        lines.append(f"Content-Length: {body_bytes or 0}")
    for name, value in headers.items():
        if not TOKEN.fullmatch(name):
            raise ValueError("a name that no header can have")
        lines.append(f"{name}: {check_header_value(value)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def host_header(target: Target) -> str:
    """RFC 9110, section 7.2: with brackets, without the zone, without the root's dot, and the port where it is unusual."""
    host = target.host.rstrip(".")
    if ":" in host:
        host = f"[{host.partition('%')[0]}]"
    return host if target.port == DEFAULT_PORTS[target.scheme] else f"{host}:{target.port}"
