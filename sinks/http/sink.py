"""Makes one request of each parcel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from jobs.errors import PermanentError
from sinks.addresses import Address, open_address, secret_address, with_parameters
from sinks.base import Parcel, Receipt, Surroundings
from sinks.calls import Caller, accept
from sinks.content.compressing import compressed
from sinks.filling import fill, values_of
from sinks.http.address import address_of
from sinks.http.configuration import HttpConfiguration
from sinks.http.content import Packed, extension_of, from_template, in_form, in_multipart, pack
from sinks.single import first_of, read_once


class HttpSink:
    """One service."""

    def __init__(self, configuration: HttpConfiguration, surroundings: Surroundings) -> None:
        self._configuration = configuration
        self._secret = (
            secret_address(name=configuration.url_secret, surroundings=surroundings)
            if configuration.url_secret
            else None
        )
        self._caller = Caller(configuration, surroundings)

    def deliver(self, parcel: Parcel) -> Receipt:
        """Send the request; another attempt at it sends the same bytes, and the same Idempotency-Key."""
        parcel = read_once(parcel)
        values = {**values_of(parcel, first_of(parcel)), "extension": extension_of(self._configuration.content)}
        address = self._address(values)
        packed = self._packed(parcel, values)
        body, coding = self._compressed(packed.body)
        headers = {"Content-Type": packed.content_type, **coding, "Idempotency-Key": parcel.id}
        method = self._configuration.method
        answer = self._caller.call(method=method, address=address, headers=headers, body=body)
        details = accept(answer, method=method, address=address, expected=self._configuration.expect_status)
        return Receipt(bytes=len(body), sha256=hashlib.sha256(body).hexdigest(), details=details)

    def check(self) -> str:
        """Whether somebody answers at the address, as far as it has no gaps."""
        beginning, gap, _ = (self._configuration.url or "").partition("{{")
        address = self._secret or open_address(beginning)
        return self._caller.check(address=address, method=self._configuration.method, is_whole=not gap)

    def close(self) -> None:
        """Connections are this process's, and close by themselves."""

    def _address(self, values: Mapping[str, Any]) -> Address:
        try:
            address = self._secret or open_address(address_of(template=self._configuration.url or "", values=values))
        except ValueError as error:
            raise PermanentError(f"url: {error}", code="url") from error
        return with_parameters(address, self._filled("query", self._configuration.query, values))

    def _packed(self, parcel: Parcel, values: Mapping[str, Any]) -> Packed:
        configuration = self._configuration
        packed = self._content(parcel, values)
        if configuration.send_as == "body":
            return packed
        fields = self._filled("fields", configuration.fields, values)
        if configuration.send_as == "form":
            return in_form(packed, field=configuration.field, fields=fields)
        file_name = fill(configuration.file_name, field="file_name", values=values)
        return in_multipart(packed, field=configuration.field, file_name=file_name, fields=fields)

    def _compressed(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        """The body as it is sent, and what says so."""
        compression = self._configuration.compression
        if compression == "none":
            return body, {}
        return b"".join(compressed([body], compression=compression, name="")), {"Content-Encoding": compression}

    def _content(self, parcel: Parcel, values: Mapping[str, Any]) -> Packed:
        asked = self._configuration
        kind, most = asked.content_type, asked.max_bytes
        if asked.content == "template":
            return from_template(asked.template, values=values, content_type=kind, most_bytes=most)
        return pack(parcel, content=asked.content, content_type=kind, most_bytes=most)

    def _filled(self, field: str, texts: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
        return {name: fill(text, field=f"{field}.{name}", values=values) for name, text in texts.items()}
