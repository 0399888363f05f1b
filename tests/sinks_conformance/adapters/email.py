"""The email kind: mails that an SMTP server takes."""

from __future__ import annotations

import json
from contextlib import ExitStack
from email.message import EmailMessage
from typing import Any, Self

from tests.free_ports import free_ports
from tests.integration.sinks.mail_server import MailServer, serving
from tests.sinks_conformance.adapter import Adapter, Case, Held


class EmailAdapter(Adapter):
    """The results are attached."""

    kind = "email"

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self.server = self._open.enter_context(serving())
        return self

    def __exit__(self, *_: object) -> None:
        self.server.holding.clear()
        self._open.close()

    def case(self, *, port: int = 0, **smtp: Any) -> Case:
        """Mail to Ann."""
        server = {"host": "127.0.0.1", "port": port or self.server.port, "security": "none", **smtp}
        addresses = {"from": "jobs@example.com", "to": ["ann@example.com"]}
        return Case({"smtp": server, **addresses, "results": "attachment"})

    def held(self) -> list[Held]:
        """A mail is a parcel."""
        contents = [bytes(each.original_content or b"") for each in self.server.envelopes]
        return [_read(mail, content) for mail, content in zip(self.server.mails, contents, strict=True)]

    def good(self) -> Case:
        """The server takes everything."""
        return self.case()

    def transient(self) -> Case:
        """It has no room."""
        self.server.refusal = "452 4.2.2 the mailbox is full"
        return self.case().but(mend=self._mend)

    def permanent(self) -> Case:
        """It does not like this."""
        self.server.refusal = "554 5.7.1 this is no mail for us"
        return self.case()

    def hanging(self) -> Case:
        """It has the mail, and says nothing."""
        self.server.holding.set()
        return self.case().but(mend=self._mend, begun=self.server.arrived.is_set)

    def unreachable(self) -> Case:
        """Nobody listens."""
        return self.case(port=free_ports(1)[0]).but(says="Connection refused")

    def secret(self, value: str) -> list[Case]:
        """Servers that say the password: where it is good, and where it is not."""
        words = value * 14
        answers = [
            {"no_login": f"535 5.7.8 {words}"},
            *({"refusal": f"{status} {words}"} for status in (250, 451, 554)),
        ]
        return [self._knowing(value, **answer) for answer in answers]

    def _knowing(self, value: str, *, no_login: str = "", refusal: str = "") -> Case:
        server: MailServer = self._open.enter_context(serving(starttls=self.servers.identity.context))
        server.password = "" if no_login else value
        server.no_login, server.refusal = no_login, refusal
        login = {"security": "starttls", "username": "me", "password_secret": "it", "ca_secret": "ca"}
        secrets = {"it": value, "ca": self.servers.identity.pem}
        return self.case(port=server.port, **login).but(secrets=secrets)

    def _mend(self) -> None:
        self.server.refusal = ""
        self.server.holding.clear()


def _read(mail: EmailMessage, content: bytes) -> Held:
    [attached] = mail.iter_attachments()
    records = json.loads(attached.get_content())
    return Held(tuple(each["position"] for each in records), mail["Message-ID"].strip("<").partition(".")[0], content)
