"""Which target a path leads to."""

from __future__ import annotations

from typing import cast

from sinks.base import Surroundings
from sinks.file.configuration import FileConfiguration
from sinks.file.local import LocalTarget
from sinks.file.other import OtherTarget
from sinks.file.target import Target
from sinks.lazily import loaded

_NO_CLIENT = (
    "path: the workers of this deployment have no SFTP client: install it with `pip install -r requirements/sftp.txt`"
)


def target_of(configuration: FileConfiguration, surroundings: Surroundings) -> Target:
    """The target. Raises PermanentError: not permitted, a secret is missing, or what it needs is not installed."""
    match configuration.protocol:
        case "":
            return LocalTarget(configuration, surroundings)
        case "sftp":
            return cast(
                Target, loaded("sinks.file.sftp", "SftpTarget", missing=_NO_CLIENT)(configuration, surroundings)
            )
    return OtherTarget(configuration, surroundings)
