"""Django's SMTP backend, held to addresses that may be reached."""

from __future__ import annotations

import contextlib
import functools
import smtplib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from sinks.base import Surroundings
from sinks.email.configuration import Smtp
from sinks.reaching import Permit, connect
from sinks.tls import client_context


class _Held:
    """Mixed into smtplib's clients: connects to what was permitted just now, and remembers whom the server would not take."""

    def __init__(self, *arguments: Any, permit: Permit, **options: Any) -> None:
        self._permit = permit
        self.refused: dict[str, tuple[int, bytes]] = {}
        super().__init__(*arguments, **options)

    def sendmail(self, *arguments: Any, **options: Any) -> dict[str, tuple[int, bytes]]:
        """Send; raises only when nobody was taken."""
        self.refused = super().sendmail(*arguments, **options)  # type: ignore[misc]
        return self.refused

    def _connected(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host=host, port=port, permit=self._permit, timeout_seconds=timeout)


class _Plain(_Held, smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._connected(host, port, timeout)


class _Encrypted(_Held, smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(self._connected(host, port, timeout), server_hostname=host)


class Backend(EmailBackend):
    """For one server, which is named by a sink; nothing of it comes from the deployment's own mail settings."""

    def __init__(self, smtp: Smtp, surroundings: Surroundings) -> None:
        super().__init__(
            host=smtp.host,
            port=smtp.the_port,
            username=smtp.username or "",
            password=surroundings.secret(smtp.password_secret) if smtp.password_secret else "",
            use_tls=smtp.security == "starttls",
            use_ssl=smtp.security == "tls",
            ssl_keyfile="",
            ssl_certfile="",
        )
        self.timeout = surroundings.timeout_seconds / 2
        self._permit = surroundings.permit
        self._context = client_context(ca=surroundings.secret(smtp.ca_secret) if smtp.ca_secret else None)

    @property
    def connection_class(self) -> Any:
        """What Django makes its connection of."""
        return functools.partial(_Encrypted if self.use_ssl else _Plain, permit=self._permit)

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """How certificates are looked at."""
        return self._context

    @contextlib.contextmanager
    def connected(self) -> Iterator[Any]:
        """A client of `_Held`. What goes wrong while it is closed does not matter: what was sent was answered before."""
        try:
            self.open()
            yield self.connection
        finally:
            with contextlib.suppress(OSError):
                self.close()
