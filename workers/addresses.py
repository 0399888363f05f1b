"""Which addresses are on the public internet, and which lead somewhere that a payload has no business to be."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# Our own table, because what ipaddress.is_global says has changed between patch releases of Python.
# Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates).
_SPECIAL = [
    (ipaddress.ip_network(network), words)
    for network, words in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "Azure platform"),  # public by number; from inside Azure it is the host's own service
        ("169.254.0.0/16", "link-local or cloud metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
]
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
# The last 32 bits of these are an IPv4 address: mapped, compatible (RFC 4291), NAT64 (RFC 6052 and RFC 8215).
_ENDING_IN_IPV4 = [
    ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/96")
]
_TWO = 2  # ::0 and ::1 are addresses of their own


def why_refused(address: str, *, allow: Sequence[IPNetwork]) -> str:
    """Say why an address may not be reached.

    Args:
        address: As a resolver answers it: IPv4 or IPv6, perhaps with a zone (``fe80::1%eth0``).
        allow: Networks that the deployment allows although they are not public.

    Returns:
        A word or two such as ``loopback``, or an empty string when the address is public or allowed.
    """
    written = ipaddress.ip_address(address.partition("%")[0])
    reached = _embedded_ipv4(written) or written
    if any(candidate in network for candidate in (written, reached) for network in allow):
        return ""
    for network, words in _SPECIAL:
        if reached in network:
            return words
    return "reserved" if reached.version == 6 and reached not in _GLOBAL_UNICAST else ""


def _embedded_ipv4(address: IPAddress) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets to this IPv6 address end up at, if it is of such a kind."""
    if not isinstance(address, ipaddress.IPv6Address) or int(address) < _TWO:
        return None
    if address in _SIX_TO_FOUR:
        return ipaddress.IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    if any(address in network for network in _ENDING_IN_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
