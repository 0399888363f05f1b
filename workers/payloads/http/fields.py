"""The fields of an ``http`` payload's parameters: what each accepts, and what it says of anything else."""

from __future__ import annotations

import json
import re
import ssl
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from jobs.documents import Strict
from workers import templates
from workers.payloads.http.statuses import StatusRange, parse_ranges
from workers.payloads.http.urls import parse_target

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)  # RFC 9110, section 5.6.2
RESERVED_HEADERS = {
    "idempotency-key": "it is set for you: the same on all attempts of a payload in a run",
    "jobs-run-token": "it is set for you when extend is true",
    "jobs-extend-url": "it is set for you when extend is true",
    "webhook-id": "it is set for you when sign is given",
    "webhook-timestamp": "it is set for you when sign is given",
    "webhook-signature": "it is set for you when sign is given",
    "host": "it follows from the url",
    "content-length": "it follows from the body",
    "transfer-encoding": "it follows from the body",
    "connection": "connections are managed for you",
    "keep-alive": "connections are managed for you",
    "proxy-connection": "connections are managed for you",
    "proxy-authorization": "it follows from proxy",
    "te": "connections are managed for you",
    "trailer": "connections are managed for you",
    "upgrade": "connections are managed for you",
    "expect": "connections are managed for you",
}


def _method(value: object) -> str:
    if isinstance(value, str) and value.upper() in METHODS:
        return value.upper()
    raise ValueError(f"expected one of {', '.join(METHODS)}")


def _url(value: str) -> str:
    """A URL with templates is checked when they are filled in; until then, that they can be read."""
    if templates.is_template(value):
        templates.check(value)
    else:
        parse_target(value)
    return value


def _fixed_url(value: str) -> str:
    if templates.is_template(value):
        raise ValueError("this URL cannot be a template")
    parse_target(value)
    return value


def _value(value: object) -> Any:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str | int | float | bool):
            raise ValueError("expected text, a number, true, false, or a list of these")
        if isinstance(one, str):
            templates.check(one)
    return value


def _header_value(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("expected text")
    templates.check(str(value))
    return check_header_value(str(value))


def check_header_value(value: str) -> str:
    """Refuse a value that would end its header and begin another one. Raises ValueError."""
    if _CONTROL.search(value):
        raise ValueError("a header must not contain line breaks or other control characters")
    return value


def _header_name(name: str) -> str:
    if not TOKEN.fullmatch(name):
        raise ValueError(f"{name[:40]!r} is no header name")
    if name.lower() in RESERVED_HEADERS:
        raise ValueError(f"the header {name} cannot be given: {RESERVED_HEADERS[name.lower()]}")
    return name


def _headers(headers: dict[str, str]) -> dict[str, str]:
    if len({_header_name(name).lower() for name in headers}) < len(headers):
        raise ValueError("a header is given twice; upper and lower case make no difference")
    return headers


def _json(value: object) -> Any:
    """Whatever JSON can say; its strings may be templates."""
    _data(value)
    _check_templates(value)
    return value


def _data(value: object) -> Any:
    """Whatever JSON can say; nothing in it is read as a template."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(
            "expected what JSON can say: objects, lists, text, finite numbers, true, false, null"
        ) from None
    return value


def _check_templates(value: object) -> None:
    if isinstance(value, str):
        templates.check(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _check_templates(item)


def _template(value: str) -> str:
    templates.check(value)
    return value


def _certificates(value: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=value)
    except (ssl.SSLError, ValueError):
        raise ValueError("expected certificates in PEM form: -----BEGIN CERTIFICATE----- ...") from None
    return value


def _secret_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.\-]{0,99}", value, re.ASCII):
        raise ValueError("expected the name of a secret of the workspace: a letter, then letters, digits, _ . or -")
    return value


def _username(value: str) -> str:
    if ":" in value:
        raise ValueError("a user name must not contain a colon (RFC 7617)")
    return check_header_value(value)


SecretName = Annotated[str, AfterValidator(_secret_name)]
Method = Annotated[str, BeforeValidator(_method)]
FixedUrl = Annotated[str, AfterValidator(_fixed_url)]
Url = Annotated[str, AfterValidator(_url)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderText = Annotated[str, AfterValidator(check_header_value)]
UserName = Annotated[str, AfterValidator(_username)]
Json = Annotated[Any, BeforeValidator(_json)]
Data = Annotated[Any, BeforeValidator(_data)]
Certificates = Annotated[str, AfterValidator(_certificates)]
Values = dict[str, Annotated[Any, BeforeValidator(_value)]]
Headers = Annotated[dict[str, Annotated[str, BeforeValidator(_header_value)]], AfterValidator(_headers)]
Statuses = Annotated[tuple[StatusRange, ...], BeforeValidator(parse_ranges)]
Text = Annotated[str, AfterValidator(_template)]


def exactly_one(model: Strict, *choices: str) -> None:
    """Of several fields one must be given; null counts as given, since null is JSON too."""
    given = {type(model).model_fields[name].alias or name for name in model.model_fields_set}
    if len(given.intersection(choices)) != 1:
        raise ValueError(f"give exactly one of {', '.join(choices)}")
