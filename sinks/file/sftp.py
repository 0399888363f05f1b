"""Folders that an SFTP server offers. Needs the package paramiko, which is an extra."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from jobs.errors import PermanentError
from sinks import time_limits
from sinks.base import Surroundings
from sinks.file.configuration import FileConfiguration
from sinks.file.remote import Remote
from sinks.reaching import connect

_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class SftpTarget(Remote):
    """A server, and connections to it: one a thread, because paramiko's clients take answers away from each other's threads."""

    errors: tuple[type[Exception], ...] = (OSError, EOFError, paramiko.SSHException)

    def __init__(self, configuration: FileConfiguration, surroundings: Surroundings) -> None:
        url = urlsplit(configuration.path)
        self._host, self._port = url.hostname or "", url.port or 22
        super().__init__(unquote(url.path), configuration.path)
        self._permit = surroundings.permit
        # A write that is not answered, and a file that is then closed and removed.
        self._third_seconds = surroundings.timeout_seconds / 3
        self._login = _login(configuration, surroundings)
        self._policy = _OnlyThatKey(configuration.host_key or "")
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """One that is idle, or a new one; one that failed is not used again."""
        with self._lock:
            filesystem = self._idle.pop() if self._idle else None
        filesystem = filesystem or self._connect()
        try:
            time_limits.hold(filesystem.client.get_transport().sock)
            yield filesystem
        except BaseException:
            _close(filesystem)
            raise
        with self._lock:
            self._idle.append(filesystem)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for filesystem in idle:
            _close(filesystem)

    def _connect(self) -> Any:
        filesystem = SFTPFileSystem(
            self._host,
            port=self._port,
            sock=connect(host=self._host, port=self._port, permit=self._permit, timeout_seconds=self._third_seconds),
            host_key_policy=self._policy,
            look_for_keys=False,
            allow_agent=False,
            timeout=self._third_seconds,
            banner_timeout=self._third_seconds,
            auth_timeout=self._third_seconds,
            skip_instance_cache=True,
            **self._login,
        )
        filesystem.ftp.get_channel().settimeout(self._third_seconds)
        return filesystem


class _OnlyThatKey(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko is untyped
    """Accept the server's key that was configured; no file of known hosts is read, so each key comes here."""

    def __init__(self, expected: str) -> None:
        self._expected = expected

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Raise SSHException unless it is that one."""
        if f"{key.get_name()} {key.get_base64()}" != self._expected:
            raise paramiko.SSHException(f"the server's key is {key.get_name()} {key.get_base64()}, not host_key")


def _login(configuration: FileConfiguration, surroundings: Surroundings) -> dict[str, Any]:
    login: dict[str, Any] = {"username": configuration.username}
    if configuration.password_secret:
        login["password"] = surroundings.secret(configuration.password_secret)
    if configuration.private_key_secret:
        phrase = configuration.passphrase_secret and surroundings.secret(configuration.passphrase_secret)
        login["pkey"] = _key(surroundings.secret(configuration.private_key_secret), phrase)
    return login


def _key(text: str, phrase: str | None) -> paramiko.PKey:
    for kind in _KEYS:
        with suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(io.StringIO(text), password=phrase)
    raise PermanentError("private_key_secret: expected an Ed25519, ECDSA or RSA key, and its passphrase", code="secret")


def _close(filesystem: Any) -> None:
    with suppress(OSError, EOFError, paramiko.SSHException):
        filesystem.client.close()
