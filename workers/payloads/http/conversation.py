"""The call of one attempt, with what must be asked for before it: an access token."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.errors import PermanentError
from jobs.http.statuses import contains
from workers.payloads.base import Work
from workers.payloads.http import auth, oauth2
from workers.payloads.http.auth_parameters import ClientCredentials
from workers.payloads.http.client import Options, RedirectError, Request, Response, redirected
from workers.payloads.http.credentials import Credentials
from workers.payloads.http.guard import Guard
from workers.payloads.http.parameters import HttpParameters
from workers.payloads.http.polling import Look
from workers.payloads.http.rendering import build_request
from workers.payloads.http.report import Report
from workers.payloads.http.tokens import TOKENS

_SEE_OTHER, _UNAUTHORIZED = 303, 401


@dataclass(frozen=True, slots=True)
class Conversation:
    """What an attempt says and asks until it has its answer."""

    parameters: HttpParameters
    work: Work
    options: Options
    guard: Guard

    def call(self) -> tuple[Report, Response]:
        """Make the call; with a kept token that the server refuses, once more with a new one.

        Returns:
            What tells of the answer, and the answer.

        Raises:
            TransientError, PermanentError: See `workers.payloads.http.report.Report.call`.
        """
        known = auth.resolve(parameters=self.parameters, work=self.work)
        if self.parameters.auth and self.parameters.auth.oauth2:
            return self._call_with_token(known, self.parameters.auth.oauth2)
        return self._call(known)

    def _call_with_token(self, known: Credentials, wanted: ClientCredentials) -> tuple[Report, Response]:
        secret = auth.client_secret(wanted, secret=self.work.secret)
        client = oauth2.client_of(wanted, workspace=self.work.workspace, secret=secret)
        while True:
            token, was_kept = oauth2.access_token(
                wanted=wanted, client=client, secret=secret, options=self.options, guard=self.guard
            )
            report, response = self._call(auth.with_token(known, token))
            if response.status != _UNAUTHORIZED or contains(self.options.expected, _UNAUTHORIZED):
                return report, response
            TOKENS.forget(client, token)
            if not was_kept:  # It was new: another would fare no better.
                return report, response

    def _call(self, credentials: Credentials) -> tuple[Report, Response]:
        self.work.hide(*credentials.secrets)
        request = build_request(parameters=self.parameters, work=self.work, credentials=credentials)
        if look := Look.of(self.work):
            request = _looking(request, look)
        report = Report(request=request)
        return report, report.call(options=self.options, guard=self.guard)


def _looking(request: Request, look: Look) -> Request:
    """The request that looks at what the call has set going; what is private to the first server stays with it."""
    try:
        return redirected(request, _SEE_OTHER, look.url)
    except RedirectError as error:
        raise PermanentError(f"poll: stopped at {error}", code="redirect_refused") from error
