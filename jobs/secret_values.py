"""What is a secret in a document, for whoever shows, keeps or reads one: finding it, and hiding it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from jobs.errors import FieldError

MASK = "***"

_UNMISTAKABLE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"  # keys of AWS
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"  # tokens of Slack
    r"|\b[sr]k_(live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}"
    r"|\bjobs_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"  # ours
    r"|\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,2000}\."  # a JSON web token
)
_NAMES_A_SECRET = re.compile(r"(^|[._])secrets?$")
"""Fields that take the name of a secret: ``secret``, ``secrets``, ``password_secret``, ``access_key_secret`` and so on."""
_HOLDS_A_VALUE = re.compile(
    r"(^|[-_.])((proxy[-_])?authorization|(set[-_])?cookie|credentials?|signature"
    r"|password|passwd|pwd|passphrase|token|bearer"
    r"|(api|access|account|auth|private|secret|security|shared[-_.]?access|signing|encryption|subscription)[-_.]?key)"
    r"([-_.]?(value|text|hash|[0-9]{1,3}))?$",
    re.IGNORECASE,
)
_SECRET_OF_OTHERS = re.compile(r"(^|[-_.])secrets?$", re.IGNORECASE)
_FOREIGN = frozenset({"body", "form", "headers", "item", "json", "query"})
"""Objects that are sent as they are: what is called ``secret`` in them is somebody else's, and no name of one of ours."""
_OF_COLUMNS = frozenset({"fields", "types", "rename"})
"""Objects of a datasource by the names of columns, which may be called whatever they are."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ITEM = re.compile(r"(\.[0-9]+)+$")
# Each of these looks at a text once, however it is made: texts of megabytes come by here.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]{0,40}://")
_PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)[^/?#@:\s]*:[^/?#\s]*(?=@)")
_IN_QUERY = re.compile(r"(?<=[?&;])([^=&;?\s]+)=([^&;#\s]+)")
_PAIR = re.compile(r"([A-Za-z_][\w .-]{0,40}?)\s{0,3}=\s{0,3}('(?:[^'\\]|\\.)*'|\"[^\"]*\"|[^;\s'\"]+)")
_LONG = 20
_LONGEST_CONNECTION = 4_096
_STORE = "store it with set_secret, and name it"


def problems(value: Any) -> list[FieldError]:
    """Where in a document something stands that looks like a secret's value, each with its dotted path.

    Looked for are: in fields that take a secret's name, what is long and random, as no name is; in fields and headers that are
    known to carry credentials, any text that is no template; anywhere, what cannot be anything else, such as a private key; and
    credentials in addresses and in connection strings.
    """
    return list(_found(value, ""))


def masked(value: Any, field: str = "", *, mask: str = MASK) -> Any:
    """The value with everything that looks like a secret's hidden; ``field`` is the dotted path at which it stands.

    Of an address or a connection string only its secrets are hidden.
    """
    if isinstance(value, Mapping):
        return {name: masked(item, _at(field, name, value), mask=mask) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, _below(field, at), mask=mask) for at, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    return mask if _objection(value, field) else _within(value, mask)


def _found(value: Any, path: str) -> Iterator[FieldError]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            for problem in _found(item, _at(path, name, value)):
                yield FieldError(_below(path, name) + problem.field[len(_at(path, name, value)) :], problem.message)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _found(item, _below(path, at))
    elif isinstance(value, str) and (message := _objection(value, path) or _objection_within(value)):
        yield FieldError(path, message)


def _objection(value: str, path: str) -> str:
    """Why this as a whole must not stand at this path; empty when it may."""
    place = _ITEM.sub("", path)
    is_foreign = not _FOREIGN.isdisjoint(place.split(".")[:-1])
    if _NAMES_A_SECRET.search(place) and not is_foreign:
        if _UNMISTAKABLE.search(value) or _looks_random(value):
            return f"expected the name of a secret, and this looks like its value: {_STORE} here"
        return ""
    if _UNMISTAKABLE.search(value):
        return f"this looks like a secret's value: {_STORE} where it is used"
    if _carries(place, value, is_foreign) and (is_foreign or _OF_COLUMNS.isdisjoint(place.split("."))):
        return f"this carries a secret, and secrets stand in no file: {_STORE} in auth or sign"
    return ""


def _objection_within(value: str) -> str:
    """A token in an address is no safer than one in a header."""
    for name, text in _secrets_within(value):
        if "{{" not in text and text != MASK:
            return f"the address carries a secret in {name}: {_STORE} in auth"
    return ""


def _secrets_within(value: str) -> Iterator[tuple[str, str]]:
    """What stands for what in an address or a connection string."""
    if _ADDRESS.match(value):
        yield from (("its password", match[0]) for match in _PASSWORD_IN_ADDRESS.finditer(value))
        for match in _IN_QUERY.finditer(value):
            if _carries(unquote_plus(match[1]), match[2]):
                yield match[1], match[2]
    elif _is_connection(value):
        yield from ((match[1], match[2]) for match in _PAIR.finditer(value) if _carries(match[1], match[2]))


def _within(value: str, mask: str) -> str:
    """The text without the secrets in it; addresses may stand in the midst of others."""
    hidden = _PASSWORD_IN_ADDRESS.sub(mask, value)
    if "://" in hidden:
        hidden = _IN_QUERY.sub(lambda found: _pair(found, mask), hidden)
    return _PAIR.sub(lambda found: _pair(found, mask), hidden) if _is_connection(hidden) else hidden


def _pair(found: re.Match[str], mask: str) -> str:
    return found[0].replace(found[2], mask) if _carries(unquote_plus(found[1]), found[2]) else found[0]


def _is_connection(text: str) -> bool:
    """Whether this is two or more settings and nothing else, as libpq and ODBC take them."""
    if len(text) > _LONGEST_CONNECTION or text.count("=") < 2:
        return False
    return not _PAIR.sub("", text).strip("; \t\r\n")


def _carries(place: str, text: str, is_foreign: bool = False) -> bool:
    """Whether a place is for credentials, and something stands there that is not filled in only when it is used."""
    if not text.strip() or "{{" in text or text == MASK:
        return False
    words = _CAMEL.sub("_", place)
    return bool(_HOLDS_A_VALUE.search(words) or (is_foreign and _SECRET_OF_OTHERS.search(words)))


def _at(path: str, name: object, within: Mapping[str, Any]) -> str:
    """Where an item stands; of ``{"name": "Authorization", "value": "x"}`` the value stands at ``Authorization``."""
    if name == "value":
        title = next((within[each] for each in ("name", "key", "header") if isinstance(within.get(each), str)), name)
        return _below(path, title)
    return _below(path, name)


def _below(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _looks_random(text: str) -> bool:
    """Long, and of upper and lower case and digits in one word, as keys are and names are not."""
    words = re.split(r"[._\-]", text)
    mixed = (
        len(word) >= _LONG and all(re.search(each, word) for each in ("[a-z]", "[A-Z]", "[0-9]")) for word in words
    )
    return any(mixed) or any(re.fullmatch("[0-9a-f]{32,}", word) for word in words)
