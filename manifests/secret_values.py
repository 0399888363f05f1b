"""Values that must not stand in a file: finding them, and hiding them in what is shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jobs.errors import FieldError

MASK = "***"

_UNMISTAKABLE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"  # keys of AWS
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"  # tokens of Slack
    r"|\b[sr]k_(live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."  # a JSON web token
)
_NAMES_A_SECRET = re.compile(r"(^|[._])secrets?$")
"""Fields that take the name of a secret: ``secret``, ``secrets``, ``password_secret``, ``access_key_secret`` and so on."""
_HOLDS_A_VALUE = re.compile(
    r"(^|\.)((proxy-)?authorization|cookie)$|"
    r"(^|[-_.])(password|passwd|passphrase|token|api[-_.]?key|access[-_.]?key|secret[-_.]?key|private[-_.]?key)$",
    re.IGNORECASE,
)
_OF_COLUMNS = frozenset({"fields", "types", "rename"})
"""Objects of a datasource by the names of columns, which may be called whatever they are."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ITEM = re.compile(r"(\.[0-9]+)+$")
_LONG = 20


def problems(value: Any) -> list[FieldError]:
    """Where in a document something stands that looks like a secret's value, each with its dotted path.

    Looked for are: in fields that take a secret's name, what is long and random, as no name is; in fields and headers that are
    known to carry credentials, any text that is no template; anywhere, what cannot be anything else, such as a private key.
    """
    return list(_found(value, ""))


def masked(value: Any, field: str = "") -> Any:
    """The value with everything that looks like a secret's hidden; ``field`` is the dotted path at which it stands."""
    if isinstance(value, Mapping):
        return {name: masked(item, _below(field, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item, _below(field, at)) for at, item in enumerate(value)]
    return MASK if isinstance(value, str) and _objection(value, field) else value


def _found(value: Any, path: str) -> Iterator[FieldError]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _found(item, _below(path, name))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _found(item, _below(path, at))
    elif isinstance(value, str) and (message := _objection(value, path)):
        yield FieldError(path, message)


def _objection(value: str, path: str) -> str:
    """Why this must not stand at this path; empty when it may."""
    place = _ITEM.sub("", path)
    if _NAMES_A_SECRET.search(place):
        if _UNMISTAKABLE.search(value) or _looks_random(value):
            return "expected the name of a secret, and this looks like its value: store it with set_secret, and name it here"
        return ""
    if _UNMISTAKABLE.search(value):
        return "this looks like a secret's value: store it with set_secret, and name it where it is used"
    if _carries(place, value) and not _OF_COLUMNS.intersection(place.split(".")):
        return (
            "this carries a secret, and secrets stand in no file: store it with set_secret, and name it in auth or sign"
        )
    return _in_address(value)


def _in_address(value: str) -> str:
    """A token in an address's query is no safer than one in a header."""
    if not value.startswith(("http://", "https://")) or "?" not in value:
        return ""
    try:
        query = parse_qsl(urlsplit(value).query)
    except ValueError:
        return ""
    for name, text in query:
        if _carries(name, text):
            return f"the address carries a secret in {name}: store it with set_secret, and name it in auth"
    return ""


def _carries(place: str, text: str) -> bool:
    """Whether a place is for credentials, and something stands there that is not filled in only when it is used."""
    is_value = bool(text.strip()) and "{{" not in text and text != MASK
    return is_value and bool(_HOLDS_A_VALUE.search(_CAMEL.sub("_", place)))


def _below(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _looks_random(text: str) -> bool:
    """Long, and of upper and lower case and digits in one word, as keys are and names are not."""
    words = re.split(r"[._\-]", text)
    mixed = (
        len(word) >= _LONG and all(re.search(each, word) for each in ("[a-z]", "[A-Z]", "[0-9]")) for word in words
    )
    return any(mixed) or any(re.fullmatch("[0-9a-f]{32,}", word) for word in words)
