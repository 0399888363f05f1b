"""An SMTP server on loopback that does what a test says, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer:
    """Keeps what it was sent.

    ``answers`` are given, each once, instead of taking a mail; ``refusal`` always, where it says something; ``unknown`` recipients
    are refused. ``password`` lets in. While ``holding``, a mail is answered only once that is cleared; it has ``arrived`` then.
    """

    def __init__(self) -> None:
        self.port = 0
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []
        self.answers: list[str] = []
        self.refusal = ""
        self.password = "open sesame"
        self.no_login = "535 5.7.8 no"
        self.holding = threading.Event()
        self.arrived = threading.Event()
        self.unknown: dict[str, str] = {}

    @property
    def mails(self) -> list[EmailMessage]:
        """As a reader of mail sees them."""
        return [email.message_from_bytes(each.content, policy=email.policy.default) for each in self.envelopes]  # type: ignore[arg-type]

    async def handle_RCPT(  # noqa: N802 - the server's own name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take a recipient, unless it is unknown."""
        if address in self.unknown:
            return self.unknown[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, unless there is another answer."""
        self.arrived.set()
        while self.holding.is_set():
            await asyncio.sleep(0.02)  # the loop serves others meanwhile
        if self.answers or self.refusal:
            return self.answers.pop(0) if self.answers else self.refusal
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def log_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Only with the password."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        success = data.password.decode() == self.password
        return AuthResult(success=success, handled=False, message=None if success else self.no_login)


@contextmanager
def serving(*, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """A server; with a login where it is encrypted."""
    made = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        made.port = free.getsockname()[1]
    controller = Controller(
        made,
        hostname="127.0.0.1",
        port=made.port,
        ssl_context=tls,
        tls_context=starttls,
        authenticator=made.log_in if starttls else None,
        auth_required=starttls is not None,
    )
    controller.start()
    try:
        yield made
    finally:
        controller.stop()
