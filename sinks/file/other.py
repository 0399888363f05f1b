"""Any other file system that fsspec knows. It connects by itself, to wherever it wants: so the deployment must have named it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec

from jobs.errors import PermanentError
from sinks.base import Surroundings
from sinks.file.configuration import FileConfiguration
from sinks.file.remote import Remote

GRANT = "file-"
"""Before the protocol, in JOBS_SINKS_MAY."""


class OtherTarget(Remote):
    """Of a URL."""

    errors: tuple[type[Exception], ...] = (
        Exception,
    )  # each has exceptions of its own, and all may pass or can be mended

    def __init__(self, configuration: FileConfiguration, surroundings: Surroundings) -> None:
        protocol = configuration.protocol
        if not surroundings.allowed(GRANT + protocol):
            raise PermanentError(
                f"path: this deployment does not let sinks write to {protocol}://; "
                f"whoever runs it can allow that with JOBS_SINKS_MAY={GRANT}{protocol}",
                code="file_refused",
            )
        secret = {option: surroundings.secret(name) for option, name in configuration.option_secrets.items()}
        options = {**configuration.options, **secret}
        try:
            self._filesystem, folder = fsspec.url_to_fs(configuration.path, skip_instance_cache=True, **options)
        except (ImportError, ValueError, TypeError) as error:
            raise PermanentError(f"path: {error}", code="configuration") from error
        super().__init__(folder, configuration.path)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """One for all threads, as fsspec means it."""
        yield self._filesystem

    def close(self) -> None:
        """fsspec has no word for it."""
