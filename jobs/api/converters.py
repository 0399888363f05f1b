"""What may stand in an address. What has another form is no address at all: 404, and no query is made for it."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter, StringConverter

from jobs.documents import KEY_PATTERN


class SlugConverter(StringConverter):
    """A workspace's slug."""

    regex = "[a-z0-9][a-z0-9-]{0,62}"


class KeyConverter(StringConverter):
    """A job's key."""

    regex = KEY_PATTERN.removeprefix("^").removesuffix("$").replace("(", "(?:")


class GroupConverter(StringConverter):
    """A concurrency group's name."""

    regex = "[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}"


class IdConverter(IntConverter):
    """A bigint."""

    regex = "[0-9]{1,18}"


class PositionConverter(IntConverter):
    """A position in a run's payload list."""

    regex = "[0-9]{1,9}"


def register() -> None:
    """Make the converters known by the names that the API's addresses use."""
    register_converter(SlugConverter, "workspace")
    register_converter(KeyConverter, "job_key")
    register_converter(GroupConverter, "group")
    register_converter(IdConverter, "run_id")
    register_converter(PositionConverter, "position")
