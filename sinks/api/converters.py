"""What may stand in an address of a sink."""

from django.urls import register_converter
from django.urls.converters import StringConverter, get_converters


class SinkConverter(StringConverter):
    """A sink's name, or that of an entry of a job's sinks."""

    regex = "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"


def register() -> None:
    """Make it known by the name that the addresses use."""
    if "sink" not in get_converters():
        register_converter(SinkConverter, "sink")
