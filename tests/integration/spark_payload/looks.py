"""Attempts at one payload, look by look, with handles that are kept as the database keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.errors import LookAgain
from tests.integration.child_work import Recorder
from workers.payloads.base import KeptHandle, Work
from workers.payloads.spark.executor import SparkExecutor


class Died(BaseException):
    """The worker is gone: nothing after it happens."""


class Handle:
    """One row."""

    def __init__(self, looks: Looks, data: Mapping[str, Any]) -> None:
        self.data, self._looks = data, looks

    def update(self, data: Mapping[str, Any]) -> None:
        if self._looks.dies_before_the_id_is_kept:
            raise Died
        self.data = data

    def drop(self) -> None:
        self._looks.handles.remove(self)


class Looks:
    """A payload as the engine performs it."""

    def __init__(self) -> None:
        self.handles: list[Handle] = []
        self.state: Mapping[str, Any] | None = None
        self.recorder = Recorder()
        self.attempt = 1
        self.remaining_seconds: float | None = None
        self.dies_before_the_id_is_kept = False
        self.waits: list[float] = []
        self._names_read: list[str] = []

    def look(self, parameters: Mapping[str, Any], **secrets: str) -> Any:
        """Perform once; None when it is to be looked at again."""
        try:
            return SparkExecutor().perform(self._work(parameters, secrets))
        except LookAgain as again:
            self.state = again.state
            self.waits.append(again.seconds)
            return None

    def reads_secrets(self) -> list[str]:
        """The names of the secrets that are read from now on."""
        self._names_read.clear()
        return self._names_read

    def kept(self) -> list[Mapping[str, Any]]:
        """What the handles say."""
        return [handle.data for handle in self.handles]

    def _work(self, parameters: Mapping[str, Any], secrets: Mapping[str, str]) -> Work:
        work = self.recorder.work(
            parameters=parameters,
            secrets=secrets,
            state=self.state,
            remaining_seconds=self.remaining_seconds,
            keep_handle=self._keep,
            kept_handles=lambda: list(self.handles),
        )
        object.__setattr__(work, "attempt", self.attempt)
        object.__setattr__(work, "secret", lambda name: self._secret(name, secrets))
        return work

    def _secret(self, name: str, secrets: Mapping[str, str]) -> str:
        self._names_read.append(name)
        return secrets[name]

    def _keep(self, kind: str, data: Mapping[str, Any], *, host: str = "", lasting: bool = False) -> KeptHandle:
        if not lasting:  # a child process's, which ends with it
            return _Ends(data)
        handle = Handle(self, data)
        self.handles.append(handle)
        return handle


class _Ends:
    """The handle of something that ends with its attempt."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def update(self, data: Mapping[str, Any]) -> None: ...

    def drop(self) -> None: ...
