"""Where a sink calls, and what may be told of that: many addresses are all that a caller needs, and so secrets themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from jobs.errors import PermanentError
from jobs.http.urls import parse_target, with_query
from sinks.base import Surroundings

_PRIVATE_CHARACTERS = 8
"""Parts of a secret address that are so long are kept out of answers by themselves, too: ``services`` is lost with them."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to call.

    Args:
        url: What is called.
        told: What people are told of it: of a secret one no more than the host.
    """

    url: str = field(repr=False)
    told: str

    @property
    def is_secret(self) -> bool:
        """Whether people are told less than all of it."""
        return self.url != self.told


def open_address(url: str) -> Address:
    """One that everybody may read. Raises ValueError: it is none."""
    found = parse_target(url).url
    return Address(found, found)


def secret_address(*, name: str, surroundings: Surroundings) -> Address:
    """The one that a secret holds; the line break that editors leave is no part of it.

    Raises:
        PermanentError: There is no such secret, or it holds no address (``secret``).
    """
    try:
        target = parse_target(surroundings.secret(name).strip())
    except ValueError as error:
        raise PermanentError(f"url_secret: the secret {name} holds no address: {error}", code="secret") from None
    surroundings.hide(target.url, *_private_parts(target.url, target.path))
    scheme, host = urlsplit(target.url)[:2]
    return Address(target.url, f"{scheme}://{host}/***")


def with_parameters(address: Address, parameters: dict[str, str]) -> Address:
    """The address with these added to its query; of a secret one no more is told."""
    url = with_query(address.url, parameters.items())
    return Address(url, address.told if address.is_secret else url)


def _private_parts(url: str, path: str) -> list[str]:
    query = urlsplit(url).query
    parts = [*urlsplit(url).path.split("/"), *(value for _, value in parse_qsl(query))]
    whole = [path] if len(path) >= _PRIVATE_CHARACTERS else []
    return whole + [each for part in parts for each in {part, unquote(part)} if len(each) >= _PRIVATE_CHARACTERS]
