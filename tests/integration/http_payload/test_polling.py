"""Calls that are answered later: 202 names where to look, and the attempt holds no worker between two looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from jobs.errors import LookAgain, PermanentError, TransientError
from tests.integration.http_payload.calls import SECRETS, work
from tests.integration.http_payload.service import Service
from workers.payloads.http.executor import EXECUTOR

State = Mapping[str, Any] | None


def look(
    service: Service, *, state: State = None, path: str = "/next", remaining: float = 60, **parameters: Any
) -> Any:
    """One call or look of an attempt."""
    given: dict[str, Any] = {"poll": {}, "method": "POST", "body": {"text": "x"}, **parameters}
    return EXECUTOR.perform(replace(work(service.url(path), **given), state=state, remaining_seconds=remaining))


def goes_on(service: Service, **given: Any) -> LookAgain:
    with pytest.raises(LookAgain) as caught:
        look(service, **given)
    return caught.value


def accepted(**headers: str) -> tuple[int, dict[str, str], bytes]:
    return 202, {"Location": "/next/status", **headers}, b"{}"


class TestAnAcceptedCall:
    def test_is_looked_at_where_it_says_until_it_has_ended(self, service: Service) -> None:
        service.answers = [accepted(), accepted(Location="/next/elsewhere"), (200, {}, b'{"n": 7}')]
        first = goes_on(service)
        second = goes_on(service, state=first.state)
        result = look(service, state=second.state, extract={"n": "$.n"})
        assert [(seen.method, seen.path, seen.body) for seen in service.seen] == [
            ("POST", "/next", b"x"),
            ("GET", "/next/status", b""),
            ("GET", "/next/elsewhere", b""),
        ]
        assert (first.state["looks"], result["extracted"], result["looks"]) == (0, {"n": 7}, 2)

    def test_is_looked_at_when_the_server_says_or_else_after_the_interval(self, service: Service) -> None:
        service.answers = [
            accepted(),
            accepted(Retry_After="7"),
            accepted(Retry_After="0"),
            accepted(Retry_After="99999"),
        ]
        waits = [goes_on(service, poll={"interval": "30s"}).seconds for _ in range(4)]
        assert waits == [30, 7, 1, 3600]

    def test_is_a_success_without_poll(self, service: Service) -> None:
        service.answers = [accepted()]
        assert look(service, poll=None)["status"] == 202

    def test_that_is_answered_at_once_is_as_any_other(self, service: Service) -> None:
        service.answers = [(200, {}, b"{}")]
        assert "looks" not in look(service)

    def test_may_end_with_see_other(self, service: Service) -> None:
        service.answers = [accepted(), (303, {"Location": "/ok"}, b"")]
        assert look(service, state=goes_on(service).state)["body"] == {"ok": True}

    def test_goes_on_until_its_answer_says_so(self, service: Service) -> None:
        service.answers = [accepted(), (200, {}, b'{"state": "busy"}'), (200, {}, b'{"state": "failed"}')]
        given: dict[str, Any] = {
            "poll": {"until": [{"json_path": "$.state", "one_of": ["done", "failed"]}]},
            "check": [{"json_path": "$.state", "equals": "done"}],
        }
        state = goes_on(service, **given).state
        state = goes_on(service, state=state, **given).state
        with pytest.raises(PermanentError, match="found 'failed'"):
            look(service, state=state, **given)

    def test_that_has_failed_is_final(self, service: Service) -> None:
        service.answers = [accepted(), (410, {}, b"gone")]
        with pytest.raises(PermanentError, match="HTTP 410"):
            look(service, state=goes_on(service).state)


class TestALookThatFails:
    @pytest.mark.parametrize("status", [429, 503])
    def test_by_a_busy_server_is_repeated(self, service: Service, status: int) -> None:
        service.answers = [accepted(), (status, {"Retry_After": "9"}, b"")]
        state = goes_on(service).state
        again = goes_on(service, state=state)
        assert (again.seconds, again.state["url"]) == (9, state["url"])

    def test_by_a_broken_connection_is_repeated(self, service: Service) -> None:
        state = {"url": service.url("/hang_up"), "looks": 3}
        again = goes_on(service, state=state)
        assert again.state == state

    def test_counts_once_the_attempts_time_is_over(self, service: Service) -> None:
        with pytest.raises(TransientError) as caught:
            look(service, state={"url": service.url("/ok"), "looks": 3}, remaining=0)
        assert caught.value.code == "timeout"
        assert service.seen == []

    def test_is_a_failure_of_a_first_call(self, service: Service) -> None:
        with pytest.raises(TransientError) as caught:
            look(service, path="/hang_up")
        assert caught.value.code == "connection"


class TestWhatIsPrivate:
    def test_goes_along_to_the_same_server(self, service: Service) -> None:
        service.answers = [(200, {}, b"{}")]
        look(service, state={"url": service.url("/next"), "looks": 0}, auth={"bearer": {"secret": "token"}})
        assert service.seen[0].headers["Authorization"] == f"Bearer {SECRETS['token']}"

    def test_does_not_go_to_another(self, service: Service) -> None:
        with Service() as other:
            state = {"url": other.url("/ok"), "looks": 0}
            look(service, state=state, auth={"bearer": {"secret": "token"}}, headers={"X-Key": "k"})
            assert not {"Authorization", "X-Key"} & other.seen[0].headers.keys()

    def test_is_not_kept_with_the_address(self, service: Service) -> None:
        service.answers = [accepted(Location="/next?key=s3cr3t%2Ft%26ken%2Bvalue")]
        with pytest.raises(PermanentError, match="holds a secret") as caught:
            look(service, auth={"bearer": {"secret": "token"}})
        assert "s3cr3t" not in str(caught.value)

    def test_address_must_be_where_payloads_may_go(self, service: Service) -> None:
        with pytest.raises(PermanentError) as caught:
            look(service, state={"url": service.url("/ok", host="127.0.0.2"), "looks": 0})
        assert caught.value.code == "egress_refused"


@pytest.mark.parametrize("location", ["ftp://h/", None])
def test_an_accepted_call_that_cannot_be_looked_at_is_final(service: Service, location: str | None) -> None:
    service.answers = [(202, {"Location": location} if location else {}, b"")]
    with pytest.raises(PermanentError, match=r"poll: POST http://127") as caught:
        look(service)
    assert caught.value.code == "poll"
