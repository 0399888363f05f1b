"""What a sink of kind ``file`` is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from jobs.documents.basis import Duration, Strict
from jobs.durations import parse_ms
from jobs.http.fields import SecretName
from sinks.content.buffering import Limits
from sinks.content.configuration import ContentConfiguration
from sinks.patterns import matching
from sinks.time_limits import DEFAULT, AttemptTimeout

MAX_BUFFER = 64 * 1024 * 1024
HostKey = Annotated[
    str,
    *matching(
        r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+",
        expected="expected the kind of the key and the key, as in a file of known hosts: ssh-ed25519 AAAA...",
    ),
]
_SECRET = re.compile(r"pass(word|wd|phrase)?$|secret|token|credential|(^|_)key$|private_key|account_key", re.IGNORECASE)
"""Options of fsspec's file systems that hold one."""
_PROTOCOL = re.compile(r"([a-z][a-z0-9+.-]*)://")


class Buffer(Strict):
    """When what was gathered is written, whichever comes first; see `sinks.content.buffering`.

    Args:
        size: So many bytes.
        records: So many records; left out, any number.
        time: Since the first of them; left out, any time.
    """

    size: int = Field(default=1024 * 1024, ge=1, le=MAX_BUFFER, strict=True)
    records: int | None = Field(default=None, ge=1, strict=True)
    time: Duration | None = None

    @property
    def limits(self) -> Limits:
        """For `buffered`."""
        return Limits(
            size_bytes=self.size,
            pieces=self.records,
            seconds=None if self.time is None else parse_ms(self.time) / 1000,
        )


def _names_somebody(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False  # what is wrong with it is told when it is opened
    return "://" in url and (parts.username is not None or parts.password is not None)


def _check_port(url: str) -> None:
    try:
        port = urlsplit(url).port
    except ValueError as error:
        raise ValueError("expected sftp://host/folder, with a port between 1 and 65535 if any") from error
    if port == 0:
        raise ValueError("expected a port between 1 and 65535")


class FileConfiguration(ContentConfiguration):
    """Where files are written, and how.

    Args:
        path: A folder: below those that the deployment opens to files, ``sftp://host/folder``, or another URL of fsspec's.
        username: At an SFTP server.
        password_secret: For it.
        private_key_secret: For it, as OpenSSH writes it.
        passphrase_secret: Of that key.
        host_key: Of the SFTP server, as in a file of known hosts: ``ssh-ed25519 AAAA...``. No other is accepted.
        options: For another of fsspec's file systems, as it names them.
        option_secrets: Such options whose values are secrets, by the names of these.
        buffer: When what was gathered is written.
        flush: Whether each record is written and handed to the file system at once.
        timeout: Of an attempt in all.
    """

    path: str = Field(min_length=1, max_length=2000)
    username: str | None = Field(default=None, max_length=200)
    password_secret: SecretName | None = None
    private_key_secret: SecretName | None = None
    passphrase_secret: SecretName | None = None
    host_key: HostKey | None = None
    options: dict[str, Any] = Field(default_factory=dict, max_length=50)
    option_secrets: dict[str, SecretName] = Field(default_factory=dict, max_length=50)
    buffer: Buffer = Field(default_factory=Buffer)
    flush: bool = Field(default=False, strict=True)
    timeout: AttemptTimeout = DEFAULT

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        if not value.isprintable() or ".." in value.split("/"):
            raise ValueError("expected a folder without .., or a URL")
        if value.startswith("sftp://"):
            _check_port(value)
        elif _names_somebody(value):
            raise ValueError("expected no user or password in it: they go into options and option_secrets")
        return value

    @field_validator("options")
    @classmethod
    def _no_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        if said := next((name for name in value if _SECRET.search(name)), None):
            raise ValueError(f"{said}: put it into a secret, whose name goes into option_secrets")
        return value

    @model_validator(mode="after")
    def _complete(self) -> FileConfiguration:
        if self.protocol == "sftp":
            self._check_sftp()
        elif self.username or self.password_secret or self.private_key_secret or self.host_key:
            raise ValueError("username, password_secret, private_key_secret and host_key belong to a path sftp://...")
        if self.protocol in ("", "sftp") and (self.options or self.option_secrets):
            raise ValueError("options and option_secrets belong to a URL of another of fsspec's file systems")
        return self

    def _check_sftp(self) -> None:
        parts = urlsplit(self.path)
        if not parts.hostname or parts.username or parts.password:
            raise ValueError("path: expected sftp://host/folder; the user goes into username")
        if not (self.username and self.host_key and (self.password_secret or self.private_key_secret)):
            raise ValueError("an SFTP server needs username, host_key, and password_secret or private_key_secret")

    @property
    def protocol(self) -> str:
        """Of the path; empty for a folder."""
        found = _PROTOCOL.match(self.path)
        return found[1] if found else ""


def secrets_of(configuration: Mapping[str, Any]) -> Sequence[str]:
    """The secrets that a valid configuration names."""
    names = ("password_secret", "private_key_secret", "passphrase_secret")
    own = [str(configuration[name]) for name in names if configuration.get(name)]
    return own + [str(name) for name in (configuration.get("option_secrets") or {}).values()]
