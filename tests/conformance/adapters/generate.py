"""The generate kind: files for download, made on a machine that may stand still or lose its disk."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.conformance.adapter import Adapter, Case
from tests.integration.child_work import children_of

_LOOK_SECONDS = 0.05


class GenerateAdapter(Adapter):
    """Its attempts are made in child processes, which may have some of their own."""

    kind = "generate"
    in_child = True
    without = {"secret": "it reaches nothing that asks for one: its parameters cannot name any"}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._standstill = _Standstill()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Files are stored in the test's folder."""
        return {"JOBS_STORED_FILES": self.folder / "stored"}

    def __exit__(self, *_: object) -> None:
        self._standstill.end()

    def success(self) -> Case:
        """Three records in a file."""
        return Case(
            {"datasets": [_dataset("few")], "records": 3}, holds=lambda result: self._lines_of(result) == ["n,1,2,3"]
        )

    logs = success

    def transient(self) -> Case:
        """Where the folder of stored files should be is none, until somebody makes room for it."""
        stored: Path = self.settings["JOBS_STORED_FILES"]
        stored.touch()
        return Case({"datasets": [_dataset("few")]}, mend=stored.unlink)

    def permanent(self) -> Case:
        """There are no three different truths."""
        field = {"name": "v", "type": "boolean", "unique": True}
        return Case({"datasets": [{"name": "few", "fields": [field]}], "records": 3})

    def slow(self) -> Case:
        """A dataset is made; then the processes that are to make the next one stand still."""
        self._standstill.begin()
        return Case(
            {"datasets": [_dataset("few"), _dataset("many", records=400_000)], "processes": 2},
            mend=self._standstill.end,
            begun=self._standstill.is_there,
        )

    progress = slow

    def large(self) -> Case:
        """More than is shown."""
        return Case({"datasets": [_dataset("many")], "records": 100_000, "output": "screen"})

    def _lines_of(self, result: Any) -> list[str]:
        stored: Path = self.settings["JOBS_STORED_FILES"]
        found = [path for made in result["datasets"] for path in stored.rglob(f"*-{made['file']}")]
        return [",".join(path.read_text().split()) for path in found]


def _dataset(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "fields": [{"name": "n", "type": "sequence"}], **more}


class _Standstill:
    """Stops the processes that an attempt has started to make records, as soon as there are some, and until it ends.

    They take longer to start than it takes to see them.
    """

    def __init__(self) -> None:
        self._stopped: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._stop_them)

    def begin(self) -> None:
        """Wait for them from now on."""
        self._thread.start()

    def is_there(self) -> bool:
        """Whether some have been stopped."""
        return bool(self._stopped)

    def end(self) -> None:
        """Let them go on."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        for pid in self._stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._stopped.clear()

    def _stop_them(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            for pid in _record_makers() - self._stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    self._stopped.add(pid)


def _record_makers() -> set[int]:
    """The processes of a pool, anywhere below this one."""
    found, fresh = set[int](), children_of(os.getpid())
    while fresh:
        found |= {pid for pid in fresh if b"--multiprocessing-fork" in _command_line(pid)}
        fresh = [child for pid in fresh for child in children_of(pid)]
    return found


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
