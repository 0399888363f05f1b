"""The parameters of an ``http`` payload, as a person writes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from jobs.documents import Strict, Timeout
from jobs.http.auth import Sign
from jobs.http.fields import Certificates, Statuses, exactly_one
from jobs.http.statuses import SUCCESS
from workers.payloads.http.auth_parameters import Auth, ClientCertificate, Proxy
from workers.payloads.http.batches import Batch
from workers.payloads.http.checks import MAX_CHECKS, Check
from workers.payloads.http.extraction import Extraction
from workers.payloads.http.fields import Data, Headers, Json, Method, Text, Url, Values
from workers.payloads.http.poll_parameters import Poll

DEFAULT_MAX_RESPONSE_BYTES = 1024 * 1024
MAX_RESPONSE_BYTES = 16 * 1024 * 1024


class Body(Strict):
    """What is sent. ``content_type`` wins over what the form of the body says."""

    text: Text | None = None
    json_: Json = Field(default=None, alias="json")
    form: Values | None = None
    content_type: Text | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Body:
        exactly_one(self, "text", "json", "form")
        return self


class Timeouts(Strict):
    """How long to wait. ``read`` is the longest silence; ``total`` is at most the attempt's own time-out."""

    connect: Timeout = "10s"
    read: Timeout | None = None
    total: Timeout | None = None


class Redirects(Strict):
    """Whether and how often to follow redirects."""

    follow: bool = Field(default=True, strict=True)
    max: int = Field(default=5, ge=0, le=20, strict=True)


class Tls(Strict):
    """``ca``: certificates in PEM form that are trusted instead of the public ones. ``client``: what the call shows."""

    verify: bool = Field(default=True, strict=True)
    ca: Certificates | None = None
    client: ClientCertificate | None = None


def _short_proxy(value: object) -> object:
    """Text alone is the proxy's URL."""
    return {"url": value} if isinstance(value, str) else value


class HttpParameters(Strict):
    """One HTTP call; docs/reference/http-payload.md tells each field. Texts may have gaps: ``{{ parameters.day }}``.

    Args:
        method: GET where nothing is chosen.
        url: With ``http://`` or ``https://``; ``{{ parameters.order | urlencode }}`` fills in what the run was given.
        query: Added to the URL: ``{"day": "2026-01-01", "tag": ["a", "b"]}``.
        headers: Such as ``{"Accept": "application/json"}``.
        body: One of ``{"json": {...}}``, ``{"text": "..."}``, ``{"form": {...}}``.
        auth: ``{"bearer": {"secret": NAME}}``, ``{"basic": {"username", "password_secret"}}``, ``{"api_key": ...}``
            or ``{"oauth2": ...}``.
        sign: ``{"secrets": [NAME]}``: the call is signed as Standard Webhooks are.
        proxy: ``http://host:port``, or ``{"url", "username", "password_secret"}``.
        timeouts: ``{"connect": "10s", "read": "30s", "total": "2m"}``.
        expect_status: What counts as success: ``2xx``, ``200-204``, or a list; 2xx by default.
        retry_status: Tried again although it would be final.
        final_status: Final although it would be tried again.
        redirects: ``{"follow": true, "max": 5}``.
        tls: ``{"verify": true, "ca": PEM, "client": ...}``.
        max_response_bytes: So much of the body is kept.
        check: What the answer must say: ``[{"json_path": "$.state", "equals": "done"}]``.
        extract: Values of the answer by name: ``{"total": {"json_path": "$.total"}}``.
        poll: For answers that come later.
        keep_body: Whether the body stands in the result.
        extend: Whether the call may add payloads to its run.
        batch: One call for each item: ``{"list": [...]}``, ``{"csv": ...}`` or ``{"parameter": NAME}``.
        item: What a batch gives to the call.
    """

    method: Method = "GET"
    url: Url
    query: Values = Field(default_factory=dict)
    headers: Headers = Field(default_factory=dict)
    body: Body | None = None
    auth: Auth | None = None
    sign: Sign | None = None
    proxy: Annotated[Proxy, BeforeValidator(_short_proxy, json_schema_input_type=str | Proxy)] | None = None
    timeouts: Timeouts = Field(default_factory=Timeouts)
    expect_status: Statuses = SUCCESS
    retry_status: Statuses = ()
    final_status: Statuses = ()
    redirects: Redirects = Field(default_factory=Redirects)
    tls: Tls = Field(default_factory=Tls)
    max_response_bytes: int = Field(default=DEFAULT_MAX_RESPONSE_BYTES, ge=0, le=MAX_RESPONSE_BYTES, strict=True)
    check: list[Check] = Field(default_factory=list, max_length=MAX_CHECKS)
    extract: Extraction = Field(default_factory=dict)
    poll: Poll | None = None
    keep_body: bool = Field(default=True, strict=True)
    extend: bool = Field(default=False, strict=True)
    batch: Batch | None = None
    item: Data = None

    @model_validator(mode="after")
    def _credentials_are_given_once(self) -> HttpParameters:
        taken = "authorization" if self.auth else ""
        if self.auth and self.auth.api_key:
            taken = (self.auth.api_key.header or "").lower()
        if taken and taken in {name.lower() for name in self.headers}:
            raise ValueError(f"auth sends the header {taken}: leave it out of headers")
        return self
