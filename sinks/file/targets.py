"""Which target a path leads to."""

from __future__ import annotations

import importlib
from typing import cast

from jobs.errors import PermanentError
from sinks.base import Surroundings
from sinks.file.configuration import FileConfiguration
from sinks.file.local import LocalTarget
from sinks.file.other import OtherTarget
from sinks.file.target import Target


def target_of(configuration: FileConfiguration, surroundings: Surroundings) -> Target:
    """The target. Raises PermanentError: not permitted, a secret is missing, or what it needs is not installed."""
    match configuration.protocol:
        case "":
            return LocalTarget(configuration, surroundings)
        case "sftp":
            return _sftp(configuration, surroundings)
    return OtherTarget(configuration, surroundings)


def _sftp(configuration: FileConfiguration, surroundings: Surroundings) -> Target:
    try:
        module = importlib.import_module("sinks.file.sftp")  # its client is an extra
    except ImportError as error:
        raise PermanentError(
            "path: the workers of this deployment have no SFTP client: install the extra sftp", code="not_installed"
        ) from error
    return cast(Target, module.SftpTarget(configuration, surroundings))
