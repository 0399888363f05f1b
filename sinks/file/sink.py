"""Writes each parcel as one file, and a manifest behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from jobs.errors import JobsError, TransientError
from sinks.base import Parcel, Receipt, Surroundings
from sinks.content.buffering import Limits, buffered
from sinks.content.encoding import Content
from sinks.content.manifest import SUFFIX, manifest
from sinks.content.measuring import Measured
from sinks.content.names import name_of
from sinks.file.configuration import FileConfiguration
from sinks.file.folders import make_folder
from sinks.file.targets import target_of
from sinks.file.writing import remove_leftovers, write
from sinks.single import read_once
from sinks.time_limits import code_of, limited, seconds_of


class FileSink:
    """A folder."""

    def __init__(self, configuration: FileConfiguration, surroundings: Surroundings) -> None:
        self._configuration = configuration
        self._check_seconds = surroundings.timeout_seconds
        self._target = target_of(configuration, surroundings)

    def deliver(self, parcel: Parcel) -> Receipt:
        """Write the file, then its manifest."""
        with limited(seconds_of(self._configuration.timeout)) as limit:
            return self._deliver(read_once(limit.of(parcel)))

    def check(self) -> str:
        """Make the folder, and look into it."""
        with limited(self._check_seconds), self._explained(), self._target.connected() as filesystem:
            folder = self._target.place("x").rpartition("/")[0]
            make_folder(filesystem, folder)
            filesystem.ls(folder)
        return f"The folder {self._target.described} is there."

    def close(self) -> None:
        """Close the connections."""
        self._target.close()

    def _deliver(self, parcel: Parcel) -> Receipt:
        name = self._name(parcel, parcel.attempt)
        content = Content(parcel, self._configuration, flush_each=self._configuration.flush)
        measured = Measured(buffered(content.pieces(), limits=self._limits))
        details: dict[str, Any] = {"name": name}
        with self._explained(), self._target.connected() as filesystem:
            if parcel.attempt > 1:
                self._clear(filesystem, parcel)
            self._write(filesystem, parcel, name, measured)
            if self._configuration.has_manifest(parcel.unit):
                proof = manifest(parcel=parcel, name=name, measured=measured, rows=content.rows)
                self._write(filesystem, parcel, name + SUFFIX, [proof])
                details["manifest"] = name + SUFFIX
        return Receipt(bytes=measured.size_bytes, sha256=measured.sha256, details=details | {"rows": content.rows})

    @property
    def _limits(self) -> Limits:
        limits = self._configuration.buffer.limits
        return Limits(size_bytes=limits.size_bytes, pieces=1) if self._configuration.flush else limits

    def _clear(self, filesystem: Any, parcel: Parcel) -> None:
        """Of earlier attempts: what a killed worker left beside, and the manifest, because the file is about to change."""
        for attempt in range(1, parcel.attempt):
            name = self._name(parcel, attempt)
            for each in (name, name + SUFFIX):
                remove_leftovers(filesystem, path=self._target.place(each), tag=f"{parcel.id}.{attempt}")
            if self._configuration.has_manifest(parcel.unit):
                with suppress(FileNotFoundError):
                    filesystem.rm_file(self._target.place(name + SUFFIX))

    def _write(self, filesystem: Any, parcel: Parcel, name: str, pieces: Any) -> None:
        write(
            self._target,
            filesystem,
            path=self._target.place(name),
            tag=f"{parcel.id}.{parcel.attempt}",
            pieces=pieces,
            flush=self._configuration.flush,
        )

    def _name(self, parcel: Parcel, attempt: int) -> str:
        extension = self._configuration.extension_for(parcel.unit)
        return name_of(parcel, template=self._configuration.key, extension=extension, attempt=attempt)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the file system's errors into ours: each may pass, or can be mended while the delivery waits."""
        try:
            yield
        except JobsError:
            raise
        except self._target.errors as error:
            message = f"{self._target.described}: {type(error).__name__}: {error}"
            raise TransientError(message, code=code_of(error, otherwise="file")) from error
