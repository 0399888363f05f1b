"""Puts what happened to a call into a result or an error, without secrets."""

from __future__ import annotations

import datetime as dt
import http
import socket
import ssl
from typing import Any

from jobs.errors import PermanentError, TransientError
from jobs.http import statuses
from jobs.http.statuses import Verdict
from workers.masking import Masker
from workers.payloads.base import JSON
from workers.payloads.http import received
from workers.payloads.http.answer import AnswerError
from workers.payloads.http.checks import verify
from workers.payloads.http.client import SENSITIVE_HEADERS, Options, RedirectError, Request, Response, call
from workers.payloads.http.egress import EgressError
from workers.payloads.http.extraction import extract
from workers.payloads.http.guard import CallCancelledError, CallTimeoutError, Guard
from workers.payloads.http.parameters import HttpParameters
from workers.payloads.http.places import Reading
from workers.payloads.http.proxies import ProxyError

EXCERPT_CHARACTERS = 2048
KEPT_HEADERS = (
    "content-type",
    "content-length",
    "date",
    "etag",
    "last-modified",
    "location",
    "retry-after",
    "x-request-id",
)
_MAX_HEADER_CHARACTERS = 1000


class Report:
    """Makes one call and tells what came of it."""

    def __init__(self, *, request: Request) -> None:
        self._request = request
        self._masker = Masker(_private_values(request))
        # Method and URL, for messages.
        self.call_words = f"{request.method} {self._masker.text(request.target.url)}"

    def call(self, *, options: Options, guard: Guard) -> Response:
        """Make the call; every failure on the way becomes one of the two errors."""
        try:
            return call(request=self._request, options=options, guard=guard)
        except (EgressError, RedirectError, ProxyError) as error:
            raise self._refused(error) from error
        except (CallTimeoutError, CallCancelledError) as error:
            raise self._given_up(error) from error
        except ssl.SSLError as error:
            raise self._tls_error(error) from error
        except (OSError, UnicodeError, AnswerError) as error:
            raise self._broken(error) from error

    def _refused(self, error: EgressError | RedirectError | ProxyError) -> TransientError | PermanentError:
        match error:
            case EgressError():
                details: dict[str, object] = {"host": error.host, "address": error.address, "reason": error.reason}
                return self._permanent("egress_refused", f"refused: {error}", **details)
            case RedirectError():
                return self._permanent("redirect_refused", f"stopped at {error}")
        again = statuses.classify(error.status) is Verdict.AGAIN
        return self._transient("proxy", str(error)) if again else self._permanent("proxy", str(error))

    def _given_up(self, error: CallTimeoutError | CallCancelledError) -> TransientError:
        if isinstance(error, CallTimeoutError):
            return self._transient("timeout", f"timed out: {error}")
        return self._transient("cancelled", f"stopped: {error}")

    def _tls_error(self, error: ssl.SSLError) -> TransientError | PermanentError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._permanent("tls", f"certificate not accepted: {error.verify_message}")
        reason = error.reason or ""
        if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
            return self._permanent("tls", f"the server did not accept the client certificate: {reason}")
        return self._broken(error)

    def _broken(self, error: OSError | UnicodeError | AnswerError) -> TransientError:
        if isinstance(error, socket.gaierror):
            return self._transient("dns", f"host not found: {error.strerror or error}")
        return self._transient("connection", f"connection failed: {_words(error)}")

    def outcome(self, *, response: Response, parameters: HttpParameters, seconds: float) -> dict[str, JSON]:
        """The result of an answer that was expected; an error for any other."""
        verdict = statuses.classify(
            response.status,
            expected=parameters.expect_status,
            again=parameters.retry_status,
            final=parameters.final_status,
        )
        if verdict is not Verdict.SUCCEEDED:
            raise self.status_error(response, again=verdict is Verdict.AGAIN)
        reading = self.reading(response)
        verify(checks=parameters.check, reading=reading)
        result = self.result(response, seconds)
        if parameters.extract:
            result["extracted"] = extract(wanted=parameters.extract, reading=reading)
        return result

    def reading(self, response: Response) -> Reading:
        """The answer as checks and extraction read it: without secrets."""
        return Reading(response.headers, response.kept, response.truncated, self._masker)

    def is_clean(self, text: str) -> bool:
        """Whether a text holds none of the call's secrets."""
        return self._masker.text(text) == text

    def result(self, response: Response, seconds: float) -> dict[str, JSON]:
        """What came back, whether it was expected or not."""
        return {
            "status": response.status,
            "headers": self._headers(response),
            "body": self._body(response),
            "body_bytes": response.body_bytes,
            "body_truncated": response.truncated,
            "elapsed_ms": round(seconds * 1000, 1),
            "url": self._clean(response.url),
            "redirects": response.redirects,
        }

    def _body(self, response: Response) -> Any:
        content_type = response.headers.get("content-type", "")
        if response.kept and not response.truncated and received.is_json(content_type):
            try:
                return self._masker.data(received.parse_json(received.decode(response.kept, content_type)))
            except ValueError:
                pass  # It said JSON and is none: the text is more than nothing.
        return self._text(response)

    def _text(self, response: Response) -> str:
        text = received.decode(response.kept, response.headers.get("content-type", ""))
        return received.storable(self._masker.cut_text(text) if response.truncated else self._masker.text(text))

    def status_error(
        self, response: Response, *, again: bool, code: str = "http_status", what: str = ""
    ) -> TransientError | PermanentError:
        """What to raise for an answer that was not expected; ``what`` begins its message."""
        details: dict[str, object] = {
            "status": response.status,
            "method": self._request.method,
            "url": self._clean(response.url),
            "body": self._text(response)[:EXCERPT_CHARACTERS],
        }
        message = f"{what}HTTP {response.status}{_phrase(response.status)} from {self._request.method} {self._clean(response.url)}"
        if not again:
            return PermanentError(message, code=code, details=details)
        wait = statuses.retry_after_seconds(response.headers.get("retry-after"), now=dt.datetime.now(dt.UTC))
        return TransientError(message, code=code, details=details, retry_after_seconds=wait)

    def _headers(self, response: Response) -> dict[str, str]:
        found = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        return {name: self._clean(value)[:_MAX_HEADER_CHARACTERS] for name, value in found.items()}

    def _clean(self, text: str) -> str:
        return received.storable(self._masker.text(text))

    def _permanent(self, code: str, what: str, **details: object) -> PermanentError:
        return PermanentError(*self._message(what), code=code, details=self._details(details))

    def _transient(self, code: str, what: str) -> TransientError:
        return TransientError(*self._message(what), code=code, details=self._details({}))

    def _message(self, what: str) -> tuple[str]:
        return (f"{self.call_words}: {self._clean(what)}",)

    def _details(self, details: dict[str, object]) -> dict[str, object]:
        return {"method": self._request.method, "url": self._clean(self._request.target.url), **details}


def _private_values(request: Request) -> list[str]:
    """The secrets, the run token, and what somebody wrote into the job's own Authorization or Cookie header."""
    written = [value for name, value in request.headers.items() if name.lower() in SENSITIVE_HEADERS]
    return [*request.credentials.secrets, *written, *(value.rpartition(" ")[2] for value in written)]


def _phrase(status: int) -> str:
    """The standard's phrase rather than the server's: it may say anything."""
    try:
        return f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
