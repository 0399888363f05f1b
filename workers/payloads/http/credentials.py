"""What a call carries that is private to the server it is meant for."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobs.http.signing import Signer
from workers.payloads.http.certificates import ClientCertificate


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who asks, ready to send, and the values that must never be kept. None of it follows a redirect elsewhere."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    signer: Signer | None = None
    certificate: ClientCertificate | None = None


NONE = Credentials()
