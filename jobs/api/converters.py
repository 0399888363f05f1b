"""What may stand in an address. What has another form is no address at all: 404, and no query is made for it."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter, StringConverter, get_converters

from jobs.documents import KEY_PATTERN


class SlugConverter(StringConverter):
    """A workspace's slug."""

    regex = "[a-z0-9][a-z0-9-]{0,62}"


class KeyConverter(StringConverter):
    """A job's key."""

    regex = KEY_PATTERN.removeprefix("^").removesuffix("$").replace("(", "(?:")


class DatasourceConverter(StringConverter):
    """What follows the type in a job's key."""

    regex = "[A-Za-z0-9][A-Za-z0-9_.-]{0,126}"


class GroupConverter(StringConverter):
    """A concurrency group's name."""

    regex = "[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}"


class FileNameConverter(StringConverter):
    """A stored file's name."""

    regex = "[A-Za-z0-9][A-Za-z0-9_.-]{0,199}"


class UsernameConverter(StringConverter):
    """A user's name."""

    regex = r"[\w.@+-]{1,150}"


class SecretConverter(StringConverter):
    """A secret's name."""

    regex = "[A-Za-z][A-Za-z0-9_.-]{0,99}"


class ServiceAccountConverter(StringConverter):
    """A service account's name."""

    regex = "[a-z0-9][a-z0-9-]{0,62}"


class IdConverter(IntConverter):
    """Its id."""

    regex = "[0-9]{1,18}"


class PositionConverter(IntConverter):
    """A position in a run's payload list."""

    regex = "[0-9]{1,9}"


def register() -> None:
    """Make the converters known by the names that the API's addresses use. Each app with addresses does it; one counts."""
    for name, converter in _CONVERTERS.items():
        if name not in get_converters():
            register_converter(converter, name)


_CONVERTERS: dict[str, type[StringConverter | IntConverter]] = {
    "workspace": SlugConverter,
    "job_key": KeyConverter,
    "datasource": DatasourceConverter,
    "group": GroupConverter,
    "file_name": FileNameConverter,
    "username": UsernameConverter,
    "secret": SecretConverter,
    "service_account": ServiceAccountConverter,
    "run_id": IdConverter,
    "position": PositionConverter,
}
