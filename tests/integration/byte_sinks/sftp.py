"""A real SFTP server, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "results"
PASSWORD = "a-password-of-sftp"
_MODULE = "tests.integration.byte_sinks.sftp_server"


@dataclass(frozen=True, slots=True)
class Orders:
    """What the server shall do, and says: a file each. ``password``: another that is good; ``refuse``: why nothing can be written;
    ``hold``: nothing is written as long as it is given, and ``held`` is said once somebody waits for it.
    """

    folder: Path

    def give(self, name: str, text: str) -> None:
        """From now on."""
        (self.folder / name).write_text(text)

    def read(self, name: str) -> str:
        """Empty where nothing is given."""
        try:
            return (self.folder / name).read_text()
        except FileNotFoundError:
            return ""

    def withdraw(self) -> None:
        """All of them."""
        for name in ("password", "refuse", "hold", "held"):
            (self.folder / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class SftpService:
    """How it is reached. ``host_key`` as in a file of known hosts; ``user_key`` in OpenSSH's form."""

    url: str
    host_key: str
    user_key: str
    orders: Orders


@contextmanager
def sftp_service(folder: Path) -> Iterator[SftpService]:
    """One that offers a folder as its root; it ends with this process, however that ends."""
    with tempfile.TemporaryDirectory() as orders:
        command = [sys.executable, "-m", _MODULE, str(folder), orders]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                about = json.loads(process.stdout.readline())
                url = f"sftp://127.0.0.1:{about['port']}"
                yield SftpService(url, about["host_key"], about["user_key"], Orders(Path(orders)))
            finally:
                process.stdin.close()
                process.wait(timeout=30)
