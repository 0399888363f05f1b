"""What a sink of kind ``http`` is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from jobs.http.fields import HeaderText, SecretName, Statuses, any_required, exactly_one
from jobs.http.statuses import SUCCESS
from jobs.http.urls import parse_target
from sinks.call_configuration import CallConfiguration
from sinks.filling import Filled, checked, checked_within

Content = Literal["document", "results", "lines", "template"]


def _url(value: str) -> str:
    """A URL with gaps is checked when they are filled; until then, that its beginning names a host of its own."""
    beginning, gap, _ = checked(value).partition("{{")
    if gap and beginning.count("/") < 3:
        raise ValueError("expected scheme and host in front of the first gap: https://example.com/{{ id }}")
    parse_target(beginning)
    return value


def _field_name(value: str) -> str:
    if not value or any(character in '"\\' or ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("expected a name without quotes, backslashes and control characters")
    return value


FieldName = Annotated[str, Field(max_length=200), AfterValidator(_field_name)]


class HttpConfiguration(CallConfiguration):
    """A request for each delivery.

    Args:
        method: Of each request.
        url: A text with gaps: ``https://example.com/results/{{ run }}/{{ position }}``.
        url_secret: The name of a secret that holds the address, instead: as it is, without gaps.
        query: Added to it; texts with gaps.
        content: What is sent: ``document`` (the run, and its payloads), ``results`` alone, ``lines`` (JSON Lines of payloads), or
            what ``template`` says.
        template: A JSON value whose texts have gaps.
        content_type: Left out, what follows from ``content``.
        send_as: As the request's ``body``, as a field of a ``form``, or as a file of a ``multipart`` form.
        field: The field that holds the content, of a form.
        file_name: Of the file, in a multipart form.
        fields: The other fields of a form; texts with gaps.
        compression: Of the request's body, told by its Content-Encoding.
        expect_status: What counts as delivered.
    """

    model_config = ConfigDict(json_schema_extra=any_required("url", "url_secret"))

    method: Literal["POST", "PUT", "PATCH"] = "POST"
    url: Annotated[Filled, AfterValidator(_url)] | None = None
    url_secret: SecretName | None = None
    query: dict[str, Filled] = Field(default_factory=dict, max_length=50)
    content: Content = "document"
    template: Annotated[Any, AfterValidator(checked_within)] = None
    content_type: HeaderText | None = None
    send_as: Literal["body", "form", "multipart"] = "body"
    field: FieldName = "results"
    file_name: Filled = "{{ id }}.{{ extension }}"
    fields: dict[FieldName, Filled] = Field(default_factory=dict, max_length=100)
    compression: Literal["none", "gzip", "zstd"] = "none"
    expect_status: Statuses = SUCCESS

    @model_validator(mode="after")
    def _one_address(self) -> HttpConfiguration:
        exactly_one(self, "url", "url_secret")
        return self

    @model_validator(mode="after")
    def _a_template_is_what_is_sent(self) -> HttpConfiguration:
        if (self.content == "template") != (self.template is not None):
            raise ValueError("content: template and the template itself go together")
        return self

    @model_validator(mode="after")
    def _fields_need_a_form(self) -> HttpConfiguration:
        if self.send_as == "body" and self.model_fields_set & {"field", "fields", "file_name"}:
            raise ValueError("field, fields and file_name are parts of a form: set send_as to form or multipart")
        if self.field in self.fields:
            raise ValueError(f"fields: {self.field} is the field that holds the content")
        return self
