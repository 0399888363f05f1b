"""The most memory that this process has had.

Not getrusage's figure: that begins at what the parent had when it started the process.
"""

from __future__ import annotations

from pathlib import Path


def peak_rss_kb() -> int:
    """From its own status (Linux), in units of 1024 bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
