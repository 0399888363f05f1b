"""Addresses that will go: their answers say since when, until when, and what takes their place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from django.utils.http import http_date

from jobs.api.base import JSONView

V = TypeVar("V", bound=type[JSONView])


class Deprecation(NamedTuple):
    """Since when an address is not to be used any more, until when it is there, and where that is told."""

    since: dt.datetime
    sunset: dt.datetime | None
    link: str

    def headers(self) -> dict[str, str]:
        """As they are told. Sources: RFC 9745 and RFC 8594."""
        told = {"Deprecation": f"@{int(self.since.timestamp())}", "Link": f'<{self.link}>; rel="deprecation"'}
        return told if self.sunset is None else told | {"Sunset": http_date(self.sunset.timestamp())}


def deprecated(*, since: dt.datetime, link: str, sunset: dt.datetime | None = None) -> Callable[[V], V]:
    """Mark a view: each of its answers, also those that refuse, has the headers Deprecation, Link and Sunset.

    Args:
        since: Aware.
        link: A page that tells what to use instead.
        sunset: When it goes; None as long as nobody knows.
    """

    def mark(view: V) -> V:
        view.standing_headers = {**view.standing_headers, **Deprecation(since, sunset, link).headers()}
        return view

    return mark
