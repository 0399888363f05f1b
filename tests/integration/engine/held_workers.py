"""Workers that stand still in the middle of a payload, for as long as a test wants, while the engine goes on around them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from tests.integration.engine.scripted import Killed
from workers.payloads.base import Work

_SECONDS = 30.0


class HeldWorker:
    """One turn of a worker in a thread of its own. It runs only while the test waits for it, so a test with several of them is as
    deterministic as one without: each stands at the beginning of a payload until it is told to go on, or to die."""

    def __init__(self, turn: Callable[[], object]) -> None:
        self.work: Work | None = None
        """The payload at which it stands; None once its turn is over."""
        self.began = 0
        """How many payloads it has begun."""
        self._error: BaseException | None = None
        self._dies = False
        self._may_go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(turn,), name="held worker", daemon=True)
        self._thread.start()
        self._wait()

    @property
    def over(self) -> bool:
        """Whether its turn has ended, one way or the other."""
        return self.work is None

    def go_on(self) -> None:
        """Finish the payload, and stand at the next one or end the turn."""
        assert not self.over
        self._may_go.release()
        self._wait()

    def die(self) -> None:
        """As kill -9 does it: nothing is reported, and its lanes stay until their leases run out."""
        self._dies = True
        self.go_on()

    def enter(self, work: Work) -> None:
        """Called in its thread when it begins a payload."""
        self.work = work
        self.began += 1
        self._stands.release()
        assert self._may_go.acquire(timeout=_SECONDS * 10)
        self.work = None
        if self._dies:
            raise Killed

    def _wait(self) -> None:
        assert self._stands.acquire(timeout=_SECONDS), "a held worker waits for something else than the test"
        if self.over:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self, turn: Callable[[], object]) -> None:
        _here.worker = self
        try:
            turn()
        except Killed:
            pass
        except BaseException as error:  # handed to the test, in whose thread it is raised again
            self._error = error
        finally:
            connections.close_all()
            self._stands.release()


class _Here(threading.local):
    worker: HeldWorker | None = None


_here = _Here()


def stand_still(work: Work) -> None:
    """What `ScriptedExecutor.before` is to be: holds the payload if its worker is one of these."""
    if _here.worker is not None:
        _here.worker.enter(work)
