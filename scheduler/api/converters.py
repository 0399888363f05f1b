"""What may stand for a schedule in an address."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import StringConverter


class NameConverter(StringConverter):
    """A schedule's name."""

    regex = r"[A-Za-z0-9][A-Za-z0-9_.\- ]{0,99}"


def register() -> None:
    """Make the converter known as ``schedule``."""
    register_converter(NameConverter, "schedule")
