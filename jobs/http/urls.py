"""Reading and checking URLs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode, urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

MAX_URL_CHARACTERS = 16_384
DEFAULT_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: normalised, percent-encoded, without its fragment. ``path`` includes the query."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what decides whether credentials may travel (RFC 6454)."""
        return self.scheme, self.host, self.port


@lru_cache(maxsize=1024)
def parse_target(url: str) -> Target:
    """Take a URL apart. Raises ValueError with what would be right."""
    if len(url) > MAX_URL_CHARACTERS:
        raise ValueError(f"a URL may have at most {MAX_URL_CHARACTERS} characters")
    if _CONTROL.search(url):
        raise ValueError("a URL must not contain line breaks or other control characters")
    try:
        parsed = parse_url(url.strip())
    except LocationParseError:
        raise ValueError("this is no URL; expected something like https://example.com/path") from None
    if parsed.scheme not in DEFAULT_PORTS or not parsed.host:
        raise ValueError("a URL must begin with http:// or https:// and a host")
    if parsed.auth is not None:
        raise ValueError("a URL must not contain a user name or password; use auth.basic with password_secret")
    if parsed.port == 0:
        raise ValueError("a port must lie between 1 and 65535")
    host = _checked_host(parsed.host)
    port = parsed.port or DEFAULT_PORTS[parsed.scheme]
    return Target(parsed._replace(fragment=None).url, parsed.scheme, host, port, parsed.request_uri)


def with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Add query parameters, percent-encoded, after those that the URL has."""
    added = urlencode(list(pairs), quote_via=quote)
    if not added:
        return url
    address, mark, fragment = url.partition("#")
    return f"{address}{_joint(address)}{added}{mark}{fragment}"


def follow(target: Target, location: str) -> Target:
    """The target that a Location header leads to. Raises ValueError when it is no URL that may be followed."""
    # Headers are read as Latin-1; what servers put there in fact is UTF-8.
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode()
    return parse_target(urljoin(target.url, location))


def _joint(address: str) -> str:
    if "?" not in address:
        return "?"
    return "" if address.endswith(("?", "&")) else "&"


def _checked_host(host: str) -> str:
    bare = host.removeprefix("[").removesuffix("]")
    try:
        bare.encode("idna")
    except UnicodeError:
        raise ValueError("the host's name has an empty part or one of more than 63 characters") from None
    return bare
