"""Parts of an HTTP call as a person writes them: what each accepts, and what it says of anything else."""

from __future__ import annotations

import re
import ssl
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, JsonValue

from jobs.documents import Strict
from jobs.http.statuses import StatusRange, parse_ranges

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)  # RFC 9110, section 5.6.2
RESERVED_HEADERS = {
    "idempotency-key": "it is set for you: the same on all attempts",
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


def check_header_value(value: str) -> str:
    """Refuse a value that would end its header and begin another one. Raises ValueError."""
    if _CONTROL.search(value):
        raise ValueError("a header must not contain line breaks or other control characters")
    return value


def check_header_name(name: str) -> str:
    """Refuse what is no name, and the headers that are set for everybody. Raises ValueError."""
    if not TOKEN.fullmatch(name):
        raise ValueError(f"{name[:40]!r} is no header name")
    if name.lower() in RESERVED_HEADERS:
        raise ValueError(f"the header {name} cannot be given: {RESERVED_HEADERS[name.lower()]}")
    return name


def any_required(*choices: str) -> dict[str, JsonValue]:
    """What `exactly_one` asks for, as far as a JSON Schema can tell it: an editor marks a document that has none of them."""
    return {"anyOf": [{"required": [name]} for name in choices]}


def exactly_one(model: Strict, *choices: str) -> None:
    """Of several fields one must be given; null counts as given, since null is JSON too."""
    given = {type(model).model_fields[name].alias or name for name in model.model_fields_set}
    if len(given.intersection(choices)) != 1:
        raise ValueError(f"give exactly one of {', '.join(choices)}")


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
HeaderName = Annotated[str, AfterValidator(check_header_name)]
HeaderText = Annotated[str, AfterValidator(check_header_value)]
UserName = Annotated[str, AfterValidator(_username)]
Certificates = Annotated[str, AfterValidator(_certificates)]
Statuses = Annotated[
    tuple[StatusRange, ...], BeforeValidator(parse_ranges, json_schema_input_type=int | str | list[int | str])
]
