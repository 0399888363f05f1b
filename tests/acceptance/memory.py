"""How much memory a process has."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path


def memory_mb(pid: int, what: str) -> float:
    """``VmRSS``, what a process holds now, or ``VmHWM``, the most that it ever held; 0 when it is gone. Source: proc(5)."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0
    return 0.0
