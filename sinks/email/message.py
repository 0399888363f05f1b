"""From a parcel to a mail that is the same on all attempts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import format_datetime, parseaddr
from itertools import chain
from typing import Any

from django.core.mail import EmailMessage

from jobs.errors import PermanentError
from sinks.base import JSON, Parcel
from sinks.bodies import text_of
from sinks.content.compressing import compressed
from sinks.content.configuration import Compression
from sinks.email.configuration import EmailConfiguration, one_address
from sinks.filling import fill, gaps_of, plain, values_of
from sinks.lots import lots
from sinks.single import first_of, read_once

_SUFFIXES = {"gzip": "gz", "zip": "zip"}
_IN_TEXTS = 100
"""So many records can be named in texts."""
_RECORDS = re.compile(r"\brecords\b|[@*]")
"""What is in an expression that sees them: their name, or all there is."""


def message_of(*, parcel: Parcel, configuration: EmailConfiguration) -> EmailMessage:
    """The mail.

    Its Message-ID is made of the parcel's id, and its date is when the run ended: a mailbox that gets it twice can tell.

    Raises:
        PermanentError: There is nobody to send it to, or an address is none (``recipients``); it is too large (``too_large``).
    """
    parcel = read_once(parcel)
    values = _values(parcel, configuration)
    message = EmailMessage(
        subject=" ".join(_subject(parcel, configuration, values).split()),
        body=_body(parcel, configuration, values),
        from_email=configuration.sender,
        to=_addresses(configuration, "to", values),
        cc=_addresses(configuration, "cc", values),
        bcc=_addresses(configuration, "bcc", values),
        reply_to=_addresses(configuration, "reply_to", values),
        headers={
            "Message-ID": message_id(parcel=parcel, sender=configuration.sender),
            "Date": format_datetime(parcel.run_ended_at),
            "Auto-Submitted": "auto-generated",
        },
    )
    if configuration.format == "html":
        message.content_subtype = "html"
    if configuration.results == "attachment" and parcel.telling is None:
        name = " ".join(fill(configuration.attachment, field="attachment", values=values).split())
        message.attach(*_attached(name, _json(parcel, configuration.max_bytes).encode(), configuration.compression))
    if not message.recipients():
        raise PermanentError("to, cc, bcc: there is nobody to send it to", code="recipients")
    return message


def message_id(*, parcel: Parcel, sender: str) -> str:
    """The same for all attempts at a delivery, and of no other mail."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return f"<{parcel.id}.{parcel.workspace}@{domain}>"


def too_large(most: int) -> PermanentError:
    """The error of a mail that would be larger than so many bytes."""
    return PermanentError(
        f"the mail would be larger than {most:,} bytes: deliver smaller batches, or leave the results out",
        code="too_large",
    )


def _values(parcel: Parcel, configuration: EmailConfiguration) -> Mapping[str, Any]:
    about = values_of(parcel, first_of(parcel))
    return {**about, "records": _first(parcel, configuration.max_bytes)} if _names_records(configuration) else about


def _names_records(configuration: EmailConfiguration) -> bool:
    lists = (configuration.to, configuration.cc, configuration.bcc, configuration.reply_to)
    texts = [configuration.subject, configuration.body, configuration.attachment, *chain.from_iterable(lists)]
    return any(_RECORDS.search(gap) for text in texts for gap in gaps_of(text))


def _first(parcel: Parcel, most_bytes: int) -> list[JSON]:
    documents = (record.document() for record in parcel.records())
    return next(
        lots(items=documents, most=_IN_TEXTS, most_bytes=most_bytes, size_of=lambda each: len(text_of(each))), []
    )


def _subject(parcel: Parcel, configuration: EmailConfiguration, values: Mapping[str, Any]) -> str:
    """A notice has its own."""
    return parcel.telling.subject if parcel.telling else fill(configuration.subject, field="subject", values=values)


def _addresses(configuration: EmailConfiguration, field: str, values: Mapping[str, Any]) -> Sequence[str]:
    filled = (fill(each, field=field, values=values).strip() for each in getattr(configuration, field))
    addresses = [address for address in filled if address]
    for address in addresses:
        try:
            one_address(address)
        except ValueError as error:
            raise PermanentError(f"{field}: {address[:100]!r}: {error}", code="recipients") from None
    return addresses


def _body(parcel: Parcel, configuration: EmailConfiguration, values: Mapping[str, Any]) -> str:
    in_html = configuration.format == "html"
    if parcel.telling is not None:
        told = parcel.telling.text
        return f"<pre>{html.escape(told)}</pre>\n" if in_html else f"{told}\n"
    text = fill(configuration.body, field="body", values=values, spell=html.escape if in_html else plain)
    if configuration.results != "body":
        return text
    results = _json(parcel, configuration.max_bytes)
    return f"{text}\n<pre>{html.escape(results)}</pre>\n" if in_html else f"{text}\n\n{results}"


def _attached(name: str, content: bytes, compression: Compression) -> tuple[str, bytes, str]:
    """Name, content and type."""
    if compression == "none":
        return name, content, "application/json"
    packed = b"".join(compressed([content], compression=compression, name=name))
    return f"{name}.{_SUFFIXES[compression]}", packed, f"application/{compression}"


def _json(parcel: Parcel, most: int) -> str:
    """The records as a JSON array, one to a line."""
    lines, size = [], 0
    for line in _lines(parcel):
        size += len(line.encode())
        if size > most:
            raise too_large(most)
        lines.append(line)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _lines(parcel: Parcel) -> Iterator[str]:
    return (json.dumps(record.document(), ensure_ascii=False) for record in parcel.records())
