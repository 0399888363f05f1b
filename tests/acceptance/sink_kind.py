"""Lets workers deliver to sinks of kind ``log`` by calling the address that their prefix names: the counting service.

For workers started with ``DJANGO_SETTINGS_MODULE=tests.acceptance.sink_settings``; the web server need not know. With
``SINK_DIES=before:settle_deliveries`` such a worker is killed when it comes to that function of `sinks.claims`; with ``after:...``
when that has done something.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.apps import AppConfig

from jobs.errors import TransientError
from sinks import claims, log, registry
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
        when, _, name = os.environ.get("SINK_DIES", "").partition(":")
        if name:
            setattr(claims, name, _dying(getattr(claims, name), when))


def _dying(work: Callable[..., Any], when: str) -> Callable[..., Any]:
    def dying(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = work(*arguments, **named)
        if done not in (None, []):  # none was due, or somebody else has it
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return dying
