"""A real SFTP server, for one test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "results"
PASSWORD = "a-password-of-sftp"
_MODULE = "tests.integration.byte_sinks.sftp_server"


@dataclass(frozen=True, slots=True)
class SftpService:
    """How it is reached. ``host_key`` as in a file of known hosts; ``user_key`` in OpenSSH's form."""

    url: str
    host_key: str
    user_key: str


@contextmanager
def sftp_service(folder: Path) -> Iterator[SftpService]:
    """One that offers a folder as its root; it ends with this process, however that ends."""
    command = [sys.executable, "-m", _MODULE, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            about = json.loads(process.stdout.readline())
            yield SftpService(f"sftp://127.0.0.1:{about['port']}", about["host_key"], about["user_key"])
        finally:
            process.stdin.close()
            process.wait(timeout=30)
