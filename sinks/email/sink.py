"""Sends each parcel as a mail."""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address

from jobs.errors import PermanentError, TransientError
from sinks.base import Parcel, Receipt, Surroundings
from sinks.email.configuration import EmailConfiguration
from sinks.email.message import message_id, message_of, too_large
from sinks.email.recipients import Answers, is_final, said, standing_of
from sinks.email.server import Backend
from sinks.time_limits import code_of, limited

MOST_SECONDS = 300.0
"""Of an attempt. Each answer of a server has a limit of its own, and one that sends a byte now and then keeps each of them."""


class EmailSink:
    """A mail server, and whom it is to send mail to."""

    def __init__(self, configuration: EmailConfiguration, surroundings: Surroundings) -> None:
        self._configuration, self._surroundings = configuration, surroundings
        self._backend()  # what is wrong with its secrets is told now

    def deliver(self, parcel: Parcel) -> Receipt:
        """Send the parcel to those who do not have it; return when the server has taken it for one of them, and puts off nobody.

        Raises:
            TakenInPart: It has taken it for some, and others may get it later.
        """
        message = message_of(parcel=parcel, configuration=self._configuration)
        content = _content(message)
        if len(content) > self._configuration.max_bytes:
            raise too_large(self._configuration.max_bytes)
        before = standing_of(parcel.receipt)
        asked = before.left([_bare(each) for each in message.recipients()])
        after = before.after(self._send(_bare(message.from_email), asked, content)) if asked else before
        about = {"message_id": message_id(parcel=parcel, sender=self._configuration.sender)}
        details = {**about, **after.receipt()}
        after.raise_unless_done(receipt=details)
        return Receipt(bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), details=details)

    def check(self) -> str:
        """Connect, encrypt and log in as for a delivery."""
        with _explained(), self._backend().connected():
            return f"{self._configuration.smtp.host} takes mail from us."

    def close(self) -> None:
        """Each delivery closes its connection."""

    def _send(self, sender: str, recipients: Sequence[str], content: bytes) -> Answers:
        with limited(MOST_SECONDS), _explained(), self._backend().connected() as connection:
            try:
                connection.sendmail(sender, recipients, content)
            except smtplib.SMTPRecipientsRefused as error:  # of each that it was asked for; nobody has the mail
                return Answers(recipients, error.recipients, sent=False)
            return Answers(recipients, connection.refused, sent=True)

    def _backend(self) -> Backend:
        return Backend(self._configuration.smtp, self._surroundings)


def _content(message: EmailMessage) -> bytes:
    """The same at each attempt: what separates its parts is made of them."""
    made: Any = message.message()  # of Django's own, whose as_bytes knows more than the class that it is made of
    if made.is_multipart():
        parts = b"".join(part.as_bytes() for part in made.get_payload())
        made.set_boundary(hashlib.sha256(parts).hexdigest()[:32])
    content: bytes = made.as_bytes(linesep="\r\n")
    return content


def _bare(address: str) -> str:
    """The address alone, its domain in ASCII."""
    return parseaddr(sanitize_address(address, "utf-8"))[1]


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Tell what may pass (4yz, RFC 5321 section 4.2.1) from what does not (5yz)."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise TransientError(f"the server does not know us: {said(error.smtp_error)}", code="authentication") from error
    except smtplib.SMTPResponseException as error:
        raise _by_status(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise PermanentError(f"the server cannot do this: {error}", code="smtp") from error
    except ssl.SSLCertVerificationError as error:
        raise PermanentError(f"the certificate is not accepted: {error.verify_message}", code="tls") from error
    except OSError as error:  # smtplib's other errors are such, too
        raise TransientError(f"no answer: {error}", code=code_of(error, otherwise="connection")) from error


def _by_status(status: int, text: bytes | str) -> TransientError | PermanentError:
    kind = PermanentError if is_final(status) else TransientError
    return kind(f"the server refused: {status} {said(text)}", code="smtp_status", details={"status": status})
