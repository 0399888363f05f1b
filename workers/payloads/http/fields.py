"""The fields of an ``http`` payload's parameters: what each accepts, and what it says of anything else."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from jobs.http.fields import check_header_name, check_header_value
from jobs.http.urls import parse_target
from workers import templates

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


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


def _headers(headers: dict[str, str]) -> dict[str, str]:
    if len({check_header_name(name).lower() for name in headers}) < len(headers):
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


Method = Annotated[str, BeforeValidator(_method)]
FixedUrl = Annotated[str, AfterValidator(_fixed_url)]
Url = Annotated[str, AfterValidator(_url)]
Json = Annotated[Any, BeforeValidator(_json)]
Data = Annotated[Any, BeforeValidator(_data)]
Values = dict[str, Annotated[Any, BeforeValidator(_value)]]
Headers = Annotated[
    dict[str, Annotated[str, BeforeValidator(_header_value, json_schema_input_type=str | int | float)]],
    AfterValidator(_headers),
]
Text = Annotated[str, AfterValidator(_template)]
