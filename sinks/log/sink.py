"""Writes each record as a line."""

from __future__ import annotations

import hashlib
import json

from sinks.base import Parcel, Receipt, Surroundings
from sinks.filling import fill, values_of
from sinks.log.configuration import LogConfiguration


class LogSink:
    """A log of this process."""

    def __init__(self, configuration: LogConfiguration, surroundings: Surroundings) -> None:
        self._configuration = configuration
        self._log = surroundings.log

    def deliver(self, parcel: Parcel) -> Receipt:
        """Write the parcel's records, a line each."""
        digest, written = hashlib.sha256(), 0
        for record in parcel.records():
            prefix = fill(self._configuration.prefix, field="prefix", values=values_of(parcel, record))
            line = prefix + json.dumps(record.document(), ensure_ascii=False)
            self._log(self._configuration.level, line)
            digest.update(f"{line}\n".encode())
            written += len(line.encode()) + 1
        return Receipt(bytes=written, sha256=digest.hexdigest(), details={"lines": parcel.count})

    def check(self) -> str:
        """There is nothing that could fail."""
        return "Lines go to the log of the worker that delivers."

    def close(self) -> None:
        """There is nothing to give back."""
