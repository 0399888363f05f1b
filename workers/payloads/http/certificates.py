"""What a call shows to the server in the TLS handshake."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with those that vouch for it, then its key, in PEM form."""

    pem: str = field(repr=False)
    passphrase: str = field(default="", repr=False)

    def load(self, context: ssl.SSLContext) -> None:
        """Let a context show it. Raises ssl.SSLError when it cannot be read: no PEM, another's key, a wrong passphrase."""
        with _file(self.pem.encode()) as path:
            # A function: without a passphrase OpenSSL would ask for one on the worker's terminal.
            context.load_cert_chain(path, password=lambda: self.passphrase)


@contextlib.contextmanager
def _file(content: bytes) -> Iterator[str]:
    """OpenSSL reads a key from a file only: one in memory where the system has that, else one that is at once removed."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("client-certificate", os.MFD_CLOEXEC), "wb", buffering=0) as memory:
            memory.write(content)
            yield f"/proc/self/fd/{memory.fileno()}"
        return
    with tempfile.NamedTemporaryFile(buffering=0) as file:
        file.write(content)
        yield file.name
