"""A real S3 server for tests: OpenStack Swift with its S3 interface, one node, one replica, on loopback.

`tests.swift_keeper` runs its four processes. The folder must lie on a file system with extended attributes. All comes from
packages: the wheel of pyeclib brings liberasurecode.

Source: the deployment guide of Swift, and the manual pages of its configuration files.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.free_ports import free_ports

ACCESS_KEY = "test:tester"
SECRET_KEY = "testing"
REGION = "us-east-1"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SwiftServer:
    """Where it is."""

    endpoint_url: str


@contextmanager
def running_swift(folder: Path) -> Iterator[SwiftServer]:
    """A server with nothing in it, ready to be asked; its data lies in ``folder``. Raises RuntimeError: it did not start."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "tests.swift_keeper", str(folder), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[1]) as keeper:
        try:
            _wait(keeper, port, folder)
            yield SwiftServer(f"http://127.0.0.1:{port}")
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(timeout=30)


def _wait(keeper: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and keeper.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log"))
    raise RuntimeError(f"Swift did not start:\n{logs}")
