"""From parameters with templates to the request that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jobs
from jobs.errors import PermanentError
from jobs.http.fields import check_header_value
from jobs.http.urls import Target, parse_target, with_query
from workers.payloads.base import Work
from workers.payloads.http.body import encode, spell
from workers.payloads.http.client import Request
from workers.payloads.http.credentials import Credentials
from workers.payloads.http.extending import callback_headers
from workers.payloads.http.parameters import Body, HttpParameters
from workers.templates import Scope, render, render_text, variables_of

_DEFAULT_HEADERS = {"User-Agent": f"jobs/{jobs.__version__}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


def build_request(*, parameters: HttpParameters, work: Work, credentials: Credentials) -> Request:
    """Render the templates and put the request together.

    Raises:
        PermanentError: A template's value is missing, or what came out is no URL or no header; says the field.
    """
    variables = {**variables_of(work), "item": _item(parameters.item)}
    content, content_type = _content(parameters.body, variables)
    given = {name: _header(name, value, variables) for name, value in parameters.headers.items()}
    defaults = _DEFAULT_HEADERS | ({"Content-Type": content_type} if content_type else {})
    names = {name.lower() for name in given}
    headers = {name: value for name, value in defaults.items() if name.lower() not in names} | given
    return Request(
        method=parameters.method,
        target=_target(parameters, variables),
        headers=headers
        | {"Idempotency-Key": work.idempotency_key}
        | (callback_headers(work) if parameters.extend else {}),
        body=content,
        credentials=credentials,
    )


def _item(item: Any) -> Any:
    """What a template calls ``item``; an object of it knows that name, for messages."""
    return Scope("item", item) if isinstance(item, dict) else item


def _target(parameters: HttpParameters, variables: Mapping[str, Any]) -> Target:
    url = render_text(parameters.url, field="url", variables=variables)
    query = render(parameters.query, field="query", variables=variables)
    try:
        return parse_target(with_query(url, [(name, text) for name, value in query.items() for text in spell(value)]))
    except ValueError as error:
        raise _unsendable("url", error) from error


def _header(name: str, value: str, variables: Mapping[str, Any]) -> str:
    try:
        return check_header_value(render_text(value, field=f"headers.{name}", variables=variables))
    except ValueError as error:
        raise _unsendable(f"headers.{name}", error) from error


def _content(body: Body | None, variables: Mapping[str, Any]) -> tuple[bytes | None, str]:
    if body is None:
        return None, ""
    rendered = body.model_copy(
        update={
            name: render(value, field=f"body.{name.rstrip('_')}", variables=variables)
            for name in ("text", "json_", "form", "content_type")
            if (value := getattr(body, name)) is not None
        }
    )
    content, content_type = encode(rendered)
    try:
        return content, check_header_value(content_type)
    except ValueError as error:
        raise _unsendable("body.content_type", error) from error


def _unsendable(field: str, error: ValueError) -> PermanentError:
    return PermanentError(f"{field}: {error}", code="parameters", details={"field": field})
