"""Redirects: followed by our own rules, each hop checked as the first was."""

import ipaddress
from typing import Any
from urllib.parse import quote

import pytest

from jobs.errors import PermanentError
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.service import Service


def to(service: Service, target: str, code: int = 302) -> str:
    return service.url(f"/redirect?code={code}&to={quote(target, safe='')}")


def test_the_result_tells_where_it_ended_and_after_how_many(service: Service) -> None:
    result = perform(to(service, "/ok"))
    assert (result["url"], result["redirects"], result["status"]) == (service.url("/ok"), 1, 200)


def test_a_redirect_to_a_neighbour_that_is_not_allowed_is_refused(service: Service) -> None:
    with Service(host="127.0.0.2") as neighbour:
        with pytest.raises(PermanentError, match=r"127\.0\.0\.2") as caught:
            perform(to(service, neighbour.url("/ok")))
        assert caught.value.code == "egress_refused"
        assert neighbour.connections == 0


def test_a_redirect_to_the_metadata_service_is_refused(service: Service) -> None:
    with pytest.raises(PermanentError, match="link-local or cloud metadata"):
        perform(to(service, "http://169.254.169.254/latest/meta-data/"))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "gopher://x/"])
def test_a_redirect_to_something_else_than_a_web_address_is_refused(service: Service, target: str) -> None:
    with pytest.raises(PermanentError, match="a redirect that cannot be followed") as caught:
        perform(to(service, target))
    assert caught.value.code == "redirect_refused"


def test_loops_end(service: Service) -> None:
    with pytest.raises(PermanentError, match="more than 5 redirects"):
        perform(service.url("/loop"))
    assert len(service.seen) == 6


def test_the_payload_sets_the_limit(service: Service) -> None:
    with pytest.raises(PermanentError, match="more than 2 redirects"):
        perform(service.url("/loop"), redirects={"max": 2})


def test_following_can_be_switched_off(service: Service) -> None:
    result = perform(to(service, "/ok"), redirects={"follow": False}, expect_status=[302])
    assert (result["status"], result["headers"]["location"]) == (302, "/ok")
    with pytest.raises(PermanentError, match="HTTP 302 Found"):
        perform(to(service, "/ok"), redirects={"follow": False})


def test_a_redirect_that_is_expected_is_the_answer(service: Service) -> None:
    assert perform(to(service, "/ok"), expect_status=["3xx"])["status"] == 302


@pytest.mark.parametrize(
    ("code", "method", "then", "body"),
    [
        (301, "POST", "GET", b""),
        (302, "POST", "GET", b""),
        (302, "PUT", "PUT", b"content"),
        (303, "PUT", "GET", b""),
        (303, "HEAD", "HEAD", b""),
        (307, "POST", "POST", b"content"),
        (308, "PATCH", "PATCH", b"content"),
    ],
)
def test_method_and_body_follow_the_standard(service: Service, code: int, method: str, then: str, body: bytes) -> None:
    content: Any = None if method == "HEAD" else {"text": "content"}
    perform(to(service, "/ok", code), method=method, body=content)
    assert (service.seen[1].method, service.seen[1].body) == (then, body)
    assert ("Content-Type" in service.seen[1].headers) == bool(body)
    assert service.seen[1].headers["Idempotency-Key"] == "run-7-payload-3-64beb26c36000"


AUTHS: list[dict[str, Any]] = [
    {"bearer": {"secret": "token"}},
    {"basic": {"username": "ann", "password_secret": "password"}},
    {"api_key": {"secret": "token", "header": "X-Key"}},
    {"api_key": {"secret": "token", "query": "key"}},
]


class TestCredentials:
    @pytest.mark.parametrize("auth", AUTHS)
    def test_they_do_not_go_to_another_origin(self, service: Service, auth: dict[str, Any]) -> None:
        with Service() as other:
            perform(to(service, other.url("/ok")), auth=auth, headers={"Cookie": "a=b"})
            seen = other.seen[0]
            assert not {"Authorization", "X-Key", "Cookie"} & set(seen.headers)
            assert seen.path == "/ok"

    def test_they_do_not_come_back_with_it(self, service: Service) -> None:
        with Service() as other:
            back = f"{other.url('/redirect')}?to={quote(service.url('/ok'), safe='')}"
            perform(to(service, back), auth={"bearer": {"secret": "token"}})
        assert "Authorization" in service.seen[0].headers
        assert "Authorization" not in service.seen[1].headers

    @pytest.mark.parametrize("auth", AUTHS)
    def test_they_stay_within_their_origin(self, service: Service, auth: dict[str, Any]) -> None:
        perform(to(service, "/ok"), auth=auth)
        seen = service.seen[1]
        assert {"Authorization", "X-Key"} & set(seen.headers) or "key=s3cr3t" in seen.path

    def test_headers_of_the_job_stay_too_for_any_may_be_a_credential(self, settings: Any, service: Service) -> None:
        settings.JOBS_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
        with Service(host="127.0.0.2") as other:
            perform(to(service, other.url("/ok")), headers={"Authorization": "Bearer x", "X-Plain": "y"})
            assert "Authorization" not in other.seen[0].headers
            assert "X-Plain" not in other.seen[0].headers
