"""Calling a service to hand something over: with what proves who calls, and with errors that say what an answer means."""

from __future__ import annotations

import datetime as dt
import http
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

from jobs.errors import PermanentError, TransientError
from jobs.http.auth import Proof, prove, sendable
from jobs.http.statuses import SUCCESS, StatusRange, Verdict, classify, retry_after_seconds
from sinks.addresses import Address
from sinks.base import Answer, Surroundings
from sinks.call_configuration import CallConfiguration, HeaderValue

_UNKNOWN_METHOD = 501
"""How a server answers HEAD that only knows what is delivered with (RFC 9110, section 15.6.2)."""
_MENDED = ((401, 401), (403, 404), (409, 409))
"""Refusals that say nothing against the content: somebody can mend them while the delivery waits, or they pass."""
_MENDED_CODES = frozenset({"tls"})
"""Of calls that were not made: certificates are renewed."""
_NOBODY_LETS_US_IN = (401, 403)
_NOBODY_THERE = (404, 410)
_TOLD_CHARACTERS = 500
"""Of a successful answer, in a delivery's receipt."""


class Caller:
    """Calls one service. Safe from several threads.

    Raises:
        PermanentError: A secret that the configuration names is missing, or no header can carry it (``secret``).
    """

    def __init__(self, configuration: CallConfiguration, surroundings: Surroundings) -> None:
        self._configuration = configuration
        self._surroundings = surroundings
        proof = prove(configuration.auth.way, secret=surroundings.secret) if configuration.auth else Proof()
        surroundings.hide(*proof.private)
        self._query = proof.query
        self._headers = {"User-Agent": "jobs", **self._custom(), **dict(proof.headers)}

    def call(self, *, method: str, address: Address, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Call; every answer is returned.

        Args:
            headers: Win over those that are configured.

        Raises:
            TransientError: No answer, or a certificate that is not accepted (``tls``).
            PermanentError: The address cannot be one (``url``), or nobody may go there (``egress_refused``).
        """
        taken = {name.lower() for name in headers}
        configured = {name: value for name, value in self._headers.items() if name.lower() not in taken}
        with _mended_meanwhile(), _telling_no_more_than(address):
            return self._surroundings.call(
                method=method,
                url=address.url,
                headers={**configured, **headers},
                body=body,
                query=self._query,
                verify=self._configuration.tls.ca or self._configuration.tls.verify,
                timeout_seconds=min(self._configuration.timeout_seconds, self._surroundings.timeout_seconds),
            )

    def check(self, *, address: Address, method: str, is_whole: bool = True) -> str:
        """Ask for the address with HEAD, which delivers nothing: an answer shows that somebody is there.

        Unless it is that nothing is there (404, 410). Of services that know an address by what it is delivered with alone, and say
        so of HEAD, OPTIONS tells whether they do.

        Args:
            address: Where deliveries go.
            method: What they are delivered with.
            is_whole: Whether that is all of the address: of the beginning of one nothing need be there.

        Returns:
            What was found, in a sentence.

        Raises:
            TransientError, PermanentError: Nobody answers, or who does fails, moved away, refuses who asks, or has nothing there.
        """
        answer = self.call(method="HEAD", address=address, headers={})
        fails = answer.status >= 500 and answer.status != _UNKNOWN_METHOD
        if answer.status in _NOBODY_LETS_US_IN or fails or 300 <= answer.status < 400:
            raise error_of(answer, method="HEAD", address=address)
        found = f"{address.told} answers (HTTP {answer.status} to a HEAD request, which delivers nothing)"
        if not is_whole:
            return f"{found}. What stands behind it differs from delivery to delivery, and was not asked for."
        if answer.status not in _NOBODY_THERE:
            return f"{found}."
        if answer.status == 404 and self._takes(method, address):
            return f"{address.told} takes {method} (it says so to an OPTIONS request, which delivers nothing)."
        raise error_of(answer, method="HEAD", address=address)

    def _takes(self, method: str, address: Address) -> bool:
        """Whether a service says that it can be called so (RFC 9110, section 9.3.7)."""
        answer = self.call(method="OPTIONS", address=address, headers={})
        allowed = {each.strip() for each in answer.headers.get("allow", "").upper().split(",")}
        return answer.status < 300 and method in allowed

    def _custom(self) -> dict[str, str]:
        return {name: self._text(value) for name, value in self._configuration.headers.items()}

    def _text(self, header: HeaderValue) -> str:
        if header.secret is None:
            return header.text or ""
        return header.prefix + sendable(header.secret, secret=self._surroundings.secret)


def accept(
    answer: Answer, *, method: str, address: Address, expected: tuple[StatusRange, ...] = SUCCESS
) -> dict[str, object]:
    """What a receipt tells of an answer that was expected. Raises as `error_of` says for any other."""
    if classify(answer.status, expected=expected) is not Verdict.SUCCEEDED:
        raise error_of(answer, method=method, address=address)
    return {"status": answer.status, "answer": answer.excerpt[:_TOLD_CHARACTERS]}


def error_of(answer: Answer, *, method: str, address: Address) -> TransientError | PermanentError:
    """What to raise for an answer that was not expected: 401, 403, 404, 408, 409, 425, 429 and 5xx may pass or be mended,
    nothing else does."""
    details: dict[str, object] = {"status": answer.status, "answer": answer.excerpt}
    said = f"HTTP {answer.status}{_phrase(answer.status)} from {method} {address.told}"
    if 300 <= answer.status < 400 and "location" in answer.headers:
        where = _where(answer.headers["location"], address)
        message = f"{said}: it redirects to {where}, and redirects are not followed; give that address"
        return PermanentError(message, code="redirect", details=details)
    if classify(answer.status, again=_MENDED) is Verdict.AGAIN:
        wait = retry_after_seconds(answer.headers.get("retry-after"), now=dt.datetime.now(dt.UTC))
        return TransientError(said, code="http_status", details=details, retry_after_seconds=wait)
    return PermanentError(said, code="http_status", details=details)


def _where(location: str, address: Address) -> str:
    """Of a secret address a redirect may repeat a part, spelled in a way that nobody would know again."""
    if not address.is_secret:
        return location
    try:
        return f"another address of {urlsplit(urljoin(address.url, location)).hostname}"
    except ValueError:
        return "another address"


@contextmanager
def _telling_no_more_than(address: Address) -> Iterator[None]:
    """Of an address that is a secret, errors have the words that stand for it."""
    try:
        yield
    except (TransientError, PermanentError) as error:
        if not address.is_secret:
            raise
        details = {name: address.told if name == "url" else value for name, value in error.details.items()}
        raise type(error)(str(error).replace(address.url, address.told), code=error.code, details=details) from None


@contextmanager
def _mended_meanwhile() -> Iterator[None]:
    try:
        yield
    except PermanentError as error:
        if error.code in _MENDED_CODES:
            raise TransientError(str(error), code=error.code, details=error.details) from error
        raise


def _phrase(status: int) -> str:
    """The standard's phrase rather than the server's: it may say anything."""
    try:
        return f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        return ""
