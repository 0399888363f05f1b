"""Lets workers deliver to sinks of kind ``log`` by calling the address that their prefix names: the counting service.

For workers started with ``DJANGO_SETTINGS_MODULE=tests.acceptance.sink_settings``; the web server need not know.
"""

from __future__ import annotations

import json
from dataclasses import replace

from django.apps import AppConfig

from jobs.errors import TransientError
from sinks import log, registry
from sinks.base import Parcel, Receipt, Surroundings
from sinks.log.configuration import LogConfiguration


class CallingSink:
    """Makes one call for each delivery; its id goes with it."""

    def __init__(self, configuration: LogConfiguration, surroundings: Surroundings) -> None:
        self._url, self._call = configuration.prefix, surroundings.call

    def deliver(self, parcel: Parcel) -> Receipt:
        """Call; anything but 200 is tried again."""
        body = json.dumps([record.document() for record in parcel.records()]).encode()
        headers = {"Idempotency-Key": f"{parcel.id}-{parcel.attempt}"}
        answer = self._call(method="GET", url=self._url, headers=headers)
        if answer.status != 200:
            raise TransientError(f"HTTP {answer.status}", code="http_status")
        return Receipt(bytes=len(body))

    def check(self) -> str:
        """Nobody asks."""
        return "It calls."

    def close(self) -> None:
        """There is nothing to give back."""


class CallingKind(AppConfig):
    """Takes the place of the kind ``log``."""

    name = "tests.acceptance.sink_kind"
    label = "sink_kind"

    def ready(self) -> None:
        """Replace it."""
        registry.register(replace(log.KIND, open=CallingSink, ordered=False))
