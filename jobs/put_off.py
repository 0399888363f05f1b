"""What takes long to load and is seldom needed, put off until somebody asks."""

from __future__ import annotations

import threading
from collections.abc import Callable


class PutOff:
    """Things to do before the first look at something; each is done once, by whoever looks first, while the others wait."""

    def __init__(self) -> None:
        self._tasks: list[Callable[[], None]] = []
        self._doing = threading.Lock()

    def add(self, task: Callable[[], None]) -> None:
        """Do this before the next look. A task that fails is tried again at the look after. It must not look itself."""
        self._tasks.append(task)

    def do(self) -> None:
        """Look. Costs nothing when there is nothing left to do."""
        if self._tasks:
            with self._doing:
                while self._tasks:
                    self._tasks[0]()
                    # Only now, so that a thread that comes meanwhile waits.
                    self._tasks.pop(0)
