"""The real servers of a session: each is started when a kind asks for it."""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import pytest
from cryptography import x509

from tests.integration.byte_sinks.sftp import SftpService, sftp_service
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.sinks import rabbitmq
from tests.integration.sinks.kafka import Cluster
from tests.swift import SwiftServer, running_swift


class Servers:
    """They lie in a folder, and end with `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()

    def close(self) -> None:
        """End those that were started."""
        self._open.close()

    def folder(self, name: str) -> Path:
        """A new one."""
        made = self._folder / name
        made.mkdir()
        return made

    @cached_property
    def identity(self) -> Identity:
        """A certificate for 127.0.0.1."""
        return make_identity(self.folder("identity"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))

    @cached_property
    def swift(self) -> SwiftServer:
        """S3."""
        return self._open.enter_context(running_swift(self._folder / "swift"))

    @cached_property
    def sftp_root(self) -> Path:
        """What the SFTP server offers."""
        return self.folder("sftp")

    @cached_property
    def sftp(self) -> SftpService:
        """SFTP."""
        return self._open.enter_context(sftp_service(self.sftp_root))

    @cached_property
    def rabbitmq(self) -> rabbitmq.RabbitMq:
        """AMQP."""
        if not rabbitmq.SERVER.exists():
            pytest.skip("this machine has no RabbitMQ (Debian: rabbitmq-server), and no package index has it")
        return self._open.enter_context(rabbitmq.running(self.folder("rabbitmq"), self.identity))

    @cached_property
    def kafka(self) -> Cluster:
        """Kafka."""
        return Cluster()
