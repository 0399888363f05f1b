"""What is sent of a parcel, and as which kind of form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jobs.errors import PermanentError
from sinks.base import Parcel
from sinks.bodies import document, pieces_of, text_of
from sinks.filling import fill_within
from sinks.http.configuration import Content

_JSON, _LINES = ("application/json", "json"), ("application/x-ndjson", "jsonl")


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes to send, and what they are."""

    body: bytes
    content_type: str


def extension_of(content: Content) -> str:
    """What a file with it is called after its last dot."""
    return _about(content)[1]


def pack(parcel: Parcel, *, content: Content, content_type: str | None, most_bytes: int) -> Packed:
    """The content itself. Raises PermanentError as `sinks.bodies.pieces_of` does."""
    return Packed(_body(parcel, content, most_bytes), content_type or _about(content)[0])


def from_template(template: Any, *, values: Mapping[str, Any], content_type: str | None, most_bytes: int) -> Packed:
    """A JSON value with its gaps filled. Raises PermanentError: it would be larger (``too_large``), or as `fill_within` does."""
    body = text_of(fill_within(template, field="template", values=values))
    if len(body) > most_bytes:
        raise PermanentError(
            f"it would be larger than {most_bytes} bytes (max_bytes): use less of it", code="too_large"
        )
    return Packed(body, content_type or _JSON[0])


def in_form(content: Packed, *, field: str, fields: Mapping[str, str]) -> Packed:
    """The content as the last field of a form."""
    form = urlencode([*fields.items(), (field, content.body.decode())])
    return Packed(form.encode(), "application/x-www-form-urlencoded")


def in_multipart(content: Packed, *, field: str, file_name: str, fields: Mapping[str, str]) -> Packed:
    """The content as the file of a form (RFC 7578).

    Args:
        content: What the file holds.
        field: The file's field; it comes last.
        file_name: Of the file.
        fields: The others, by name; names without quotes and line breaks.
    """
    parts = [_part(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append(
        _part(f'name="{field}"; filename="{_quotable(file_name)}"', content.body, content_type=content.content_type)
    )
    # Made of the parts, it is the same at each attempt, and nobody can write a part so that it holds it.
    boundary = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
    mark = f"--{boundary}\r\n".encode()
    body = b"".join(mark + part for part in parts) + f"--{boundary}--\r\n".encode()
    return Packed(body, f"multipart/form-data; boundary={boundary}")


def _about(content: Content) -> tuple[str, str]:
    return _LINES if content == "lines" else _JSON


def _body(parcel: Parcel, content: Content, most_bytes: int) -> bytes:
    if content == "document":
        return document(parcel, most_bytes=most_bytes)
    if content == "lines":
        pieces = pieces_of(parcel, most_bytes=most_bytes, shape=lambda record: record.document())
        return b"\n".join(pieces) + b"\n"
    results = pieces_of(parcel, most_bytes=most_bytes, shape=lambda record: record.result)
    return results[0] if parcel.unit == "payload" else b"[" + b",".join(results) + b"]"


def _part(disposition: str, content: bytes, *, content_type: str = "") -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n"


def _quotable(name: str) -> str:
    """As browsers write it: what would end the name is percent-encoded."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
