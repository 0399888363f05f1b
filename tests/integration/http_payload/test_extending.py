"""What an HTTP payload adds to its run by its answer, and what its call carries so that the other side can call back."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.urls import reverse

from jobs.errors import JobsError, PermanentError
from jobs.services import run_tokens
from tests.integration.http_payload.calls import work
from tests.integration.http_payload.service import Service
from workers.payloads.base import Work
from workers.payloads.http.executor import EXECUTOR
from workers.payloads.http.extending import take_added

NOOP = {"kind": "noop", "key": "a"}


@pytest.fixture
def public(settings: Any) -> str:
    """The deployment's address."""
    settings.JOBS_PUBLIC_URL = "https://jobs.example.org"
    return "https://jobs.example.org"


def answering(service: Service, answer: Any, *, content_type: str = "application/json") -> str:
    """An address that answers so."""
    service.fixed = (json.dumps(answer).encode(), content_type)
    return service.url("/fixed")


def perform(attempt: Work) -> Any:
    return EXECUTOR.perform(attempt)


class TestTheAnswer:
    def test_lists_payloads_and_keeps_the_rest_as_its_result(self, service: Service) -> None:
        attempt = work(answering(service, {"pages": 2, "extend_payload": [NOOP, NOOP]}), extend=True)
        result = perform(attempt)
        assert attempt.added == [NOOP, NOOP]
        assert (result["body"], result["added"]) == ({"pages": 2}, 2)

    def test_is_only_an_answer_unless_the_payload_says_extend(self, service: Service) -> None:
        answer = {"extend_payload": [NOOP]}
        attempt = work(answering(service, answer))
        result = perform(attempt)
        assert (attempt.added, result["body"], "added" in result) == ([], answer, False)

    @pytest.mark.parametrize("answer", [[NOOP], {"other": 1}, "extend_payload", None])
    def test_may_list_none(self, service: Service, answer: Any) -> None:
        attempt = work(answering(service, answer), extend=True)
        result = perform(attempt)
        assert (attempt.added, result["body"], "added" in result) == ([], answer, False)

    def test_that_is_no_json_lists_none(self, service: Service) -> None:
        attempt = work(answering(service, {"extend_payload": [NOOP]}, content_type="text/plain"), extend=True)
        perform(attempt)
        assert attempt.added == []

    def test_with_another_status_than_2xx_lists_none_though_it_is_expected(self, service: Service) -> None:
        attempt = work(service.url(), extend=True)
        body = {"extend_payload": [NOOP]}
        take_added(result={"status": 404, "headers": {}, "body": body, "body_truncated": False}, work=attempt)
        assert (attempt.added, body) == ([], {"extend_payload": [NOOP]})

    @pytest.mark.parametrize("listed", [{}, None, "a", 1])
    def test_that_lists_no_list_is_refused(self, service: Service, listed: Any) -> None:
        with pytest.raises(PermanentError, match=r"^extend_payload: expected a list of payloads$") as caught:
            perform(work(answering(service, {"extend_payload": listed}), extend=True))
        assert caught.value.code == "extend_payload"

    def test_that_was_not_kept_whole_is_refused(self, service: Service) -> None:
        url = answering(service, {"extend_payload": [NOOP] * 100})
        with pytest.raises(PermanentError, match="more than max_response_bytes") as caught:
            perform(work(url, extend=True, max_response_bytes=1000))
        assert caught.value.code == "extend_payload"
        assert perform(work(url, max_response_bytes=1000))["body_truncated"]


class TestTheCall:
    def test_carries_where_to_and_a_token_for_this_attempt(self, service: Service, public: str) -> None:
        attempt = work(service.url(), extend=True)
        perform(attempt)
        headers = service.seen[0].headers
        assert headers["Jobs-Extend-Url"] == public + reverse("payloads", args=["main", 7])
        now = dt.datetime.now(dt.UTC)
        token = headers["Jobs-Run-Token"]
        assert run_tokens.check(token=token, now=now) == run_tokens.RunClaims(7, 3, 1)
        ceiling = dt.timedelta(seconds=attempt.ceiling_seconds)
        assert run_tokens.check(token=token, now=now + ceiling - dt.timedelta(seconds=60))
        with pytest.raises(run_tokens.RunTokenError):
            run_tokens.check(token=token, now=now + ceiling + dt.timedelta(seconds=1))

    def test_carries_nothing_without_extend_or_without_a_public_address(self, service: Service, settings: Any) -> None:
        settings.JOBS_PUBLIC_URL = ""
        perform(work(service.url(), extend=True))
        settings.JOBS_PUBLIC_URL = "https://jobs.example.org"
        perform(work(service.url()))
        for seen in service.seen:
            assert not {"Jobs-Run-Token", "Jobs-Extend-Url"}.intersection(seen.headers)

    def test_keeps_its_token_from_another_origin(self, service: Service, public: str) -> None:
        with Service() as other:
            perform(work(service.url(f"/redirect?code=307&to={other.url()}"), extend=True))
            assert "Jobs-Run-Token" in service.seen[0].headers
            assert not {"Jobs-Run-Token", "Jobs-Extend-Url"}.intersection(other.seen[0].headers)

    def test_blacks_out_its_token_where_the_server_echoes_it(self, service: Service, public: str) -> None:
        result = perform(work(service.url("/echo"), extend=True))
        token = service.seen[0].headers["Jobs-Run-Token"]
        assert token not in json.dumps(result)
        assert result["body"]["headers"]["Jobs-Run-Token"] == "***"
        with pytest.raises(JobsError) as caught:
            perform(work(service.url("/echo?code=500"), extend=True))
        token = service.seen[1].headers["Jobs-Run-Token"]
        assert token not in f"{caught.value}{caught.value.details}"  # type: ignore[attr-defined]
