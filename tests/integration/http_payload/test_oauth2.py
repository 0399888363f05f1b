"""OAuth 2.0 client credentials: the token is fetched, kept while it is good, and fetched anew when it is not."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from jobs.errors import PermanentError, TransientError
from tests.integration.http_payload.calls import SECRETS, perform
from tests.integration.http_payload.service import Service
from workers.payloads.http import tokens
from workers.payloads.http.tokens import TOKENS


@pytest.fixture(autouse=True)
def _no_token_is_kept() -> Iterator[None]:
    TOKENS.clear()
    yield
    TOKENS.clear()


def client(service: Service, **more: Any) -> dict[str, Any]:
    given = {"token_url": service.url("/token"), "client_id": "me & co", "client_secret": "token"}
    return {"oauth2": given | more}


def fetched(service: Service) -> int:
    return sum(1 for seen in service.seen if seen.path.startswith("/token"))


class Clock:
    """Stands for the module time: the test moves it."""

    def __init__(self, now: list[float]) -> None:
        self._now = now

    def monotonic(self) -> float:
        return self._now[0]


class TestTheToken:
    def test_it_is_fetched_with_the_clients_secret_and_sent(self, service: Service) -> None:
        result = perform(service.url("/echo"), auth=client(service, scope="read write", audience="orders"))
        asked, called = service.seen
        expected = base64.b64encode(b"me+%26+co:s3cr3t%2Ft%26ken%2Bvalue").decode()
        assert asked.headers["Authorization"] == f"Basic {expected}"
        assert parse_qs(asked.body.decode()) == {
            "grant_type": ["client_credentials"],
            "scope": ["read write"],
            "audience": ["orders"],
        }
        assert called.headers["Authorization"] == "Bearer access-token-1"
        assert "access-token-1" not in str(result)

    def test_the_server_may_want_the_client_in_the_body(self, service: Service) -> None:
        perform(service.url("/ok"), auth=client(service, client_in="body"))
        form = parse_qs(service.seen[0].body.decode())
        assert (form["client_id"], form["client_secret"]) == (["me & co"], [SECRETS["token"]])
        assert "Authorization" not in service.seen[0].headers

    def test_it_is_kept_for_the_next_call(self, service: Service) -> None:
        for _ in range(3):
            perform(service.url("/ok"), auth=client(service))
        assert fetched(service) == 1

    def test_another_client_or_scope_has_a_token_of_its_own(self, service: Service) -> None:
        for more in ({}, {"client_id": "you"}, {"scope": "write"}, {"client_secret": "password"}):
            perform(service.url("/ok"), auth=client(service, **more))
        assert fetched(service) == 4

    def test_of_many_threads_one_fetches_it(self, service: Service) -> None:
        barrier = threading.Barrier(8)

        def one(_: int) -> None:
            barrier.wait(timeout=10)
            perform(service.url("/ok"), auth=client(service))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(8)))
        assert fetched(service) == 1

    def test_near_its_end_it_is_fetched_anew(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [1000.0]
        monkeypatch.setattr(tokens, "time", Clock(now))
        kept = tokens.Tokens()
        names = iter(("first", "second", "third"))

        class Patient:
            def patience(self, **_: object) -> float:
                return 1.0

        def get(expires_seconds: float | None) -> str:
            one = tokens.Client("acme", "", "", "", "", "")
            guard: Any = Patient()
            return kept.get(one, fetch=lambda: tokens.Fetched(next(names), expires_seconds), guard=guard)[0]

        assert get(3600) == "first"
        now[0] += 3600 - tokens.EARLY_SECONDS - 1
        assert get(3600) == "first"
        now[0] += 1
        assert get(None) == "second"
        now[0] += tokens.UNSAID_SECONDS
        assert get(None) == "third"

    def test_one_that_the_server_refuses_is_fetched_anew_and_the_call_made_again(self, service: Service) -> None:
        perform(service.url("/guarded"), auth=client(service))
        service.revoked.add("access-token-1")
        assert perform(service.url("/guarded"), method="POST", auth=client(service))["status"] == 200
        assert fetched(service) == 2

    def test_a_new_one_that_is_refused_is_the_answer(self, service: Service) -> None:
        service.revoked.add("access-token-1")
        with pytest.raises(PermanentError, match="HTTP 401 Unauthorized"):
            perform(service.url("/guarded"), auth=client(service))
        assert fetched(service) == 1


class TestWithoutAToken:
    def test_a_refused_client_is_final_and_no_secret_is_told(self, service: Service) -> None:
        with pytest.raises(PermanentError, match=r"auth\.oauth2: no token: HTTP 401 Unauthorized") as caught:
            perform(service.url("/ok"), auth=client(service, token_url=service.url("/echo?code=401"), client_in="body"))
        assert caught.value.code == "oauth2"
        assert "s3cr3t" not in str(caught.value) + str(caught.value.details)
        assert [seen.path for seen in service.seen] == ["/echo?code=401"]

    def test_a_busy_token_server_is_tried_again(self, service: Service) -> None:
        with pytest.raises(TransientError, match="503") as caught:
            perform(service.url("/ok"), auth=client(service, token_url=service.url("/status?code=503&after=7")))
        assert (caught.value.code, caught.value.retry_after_seconds) == ("oauth2", 7)

    def test_it_is_reached_where_payloads_may_go_alone(self, service: Service) -> None:
        elsewhere = service.url("/token", host="127.0.0.2")
        with pytest.raises(PermanentError) as caught:
            perform(service.url("/ok"), auth=client(service, token_url=elsewhere))
        assert caught.value.code == "egress_refused"

    def test_a_redirect_would_carry_the_secret_and_is_not_followed(self, service: Service) -> None:
        with pytest.raises(PermanentError, match="HTTP 307"):
            perform(service.url("/ok"), auth=client(service, token_url=service.url("/redirect?code=307&to=/token")))
        assert fetched(service) == 0

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (b"no json", "is no token"),
            (b"[]", "expected an object"),
            (b"{}", "no access_token"),
            (b'{"access_token": "a\\nb"}', "control characters"),
            (b'{"access_token": "a", "token_type": "mac"}', "not bearer"),
        ],
    )
    def test_what_is_no_token_is_final(self, service: Service, body: bytes, why: str) -> None:
        service.fixed = (body, "application/json")
        with pytest.raises(PermanentError, match=why):
            perform(service.url("/ok"), auth=client(service, token_url=service.url("/fixed")))
