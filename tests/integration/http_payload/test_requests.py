"""What arrives at the server: methods, queries, headers, bodies, credentials, templates."""

import base64
import json
from typing import Any

import pytest

import jobs
from jobs.errors import JobsError, PermanentError
from tests.integration.http_payload.calls import SECRETS, perform, work
from tests.integration.http_payload.service import Service
from workers.payloads.http.executor import EXECUTOR


class TestWhatIsSent:
    def test_every_attempt_carries_the_idempotency_key_and_our_name(self, service: Service) -> None:
        perform(service.url())
        perform(service.url())
        for seen in service.seen:
            assert seen.headers["Idempotency-Key"] == "run-7-payload-3-64beb26c36000"
            assert seen.headers["User-Agent"] == f"jobs/{jobs.__version__}"

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
    def test_methods(self, service: Service, method: str) -> None:
        perform(service.url(), method=method.lower())
        assert service.seen[0].method == method

    def test_the_query_is_added_to_that_of_the_url(self, service: Service) -> None:
        perform(service.url("/ok?a=1#part"), query={"b": [1, True], "c d": "x&y", "e": 1.5})
        assert service.seen[0].path == "/ok?a=1&b=1&b=true&c%20d=x%26y&e=1.5"

    @pytest.mark.parametrize(
        ("body", "content", "content_type"),
        [
            ({"text": "ü"}, "ü".encode(), "text/plain; charset=utf-8"),
            ({"text": "<a/>", "content_type": "text/xml"}, b"<a/>", "text/xml"),
            ({"json": {"a": [1, None, "ü"]}}, '{"a": [1, null, "ü"]}'.encode(), "application/json"),
            ({"json": None}, b"null", "application/json"),
            ({"form": {"a": "x y", "b": [1, 2]}}, b"a=x+y&b=1&b=2", "application/x-www-form-urlencoded"),
        ],
    )
    def test_bodies(self, service: Service, body: dict[str, Any], content: bytes, content_type: str) -> None:
        perform(service.url(), method="POST", body=body)
        assert service.seen[0].body == content
        assert service.seen[0].headers["Content-Type"] == content_type

    def test_a_large_body_arrives_whole(self, service: Service) -> None:
        perform(service.url(), method="PUT", body={"text": "z" * 5_000_000})
        assert service.seen[0].body == b"z" * 5_000_000

    def test_an_answer_that_comes_before_the_body_was_read_is_heard(self, service: Service) -> None:
        with pytest.raises(PermanentError, match="HTTP 413") as caught:
            perform(service.url("/too_large"), method="POST", body={"text": "z" * 20_000_000})
        assert caught.value.details["body"] == "at most 1 MB, please"

    def test_own_headers_win_over_the_defaults(self, service: Service) -> None:
        headers = {"user-agent": "mine", "content-type": "application/x-mine", "X-Name": "Zürich"}
        perform(service.url(), method="POST", body={"text": "x"}, headers=headers)
        seen = service.seen[0].headers
        assert seen["user-agent"] == "mine"
        assert seen["content-type"] == "application/x-mine"
        assert seen["X-Name"].encode("latin-1").decode() == "Zürich"
        assert "User-Agent" not in seen

    def test_proxies_of_the_environment_are_not_asked(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        with Service() as proxy:
            monkeypatch.setenv("http_proxy", proxy.url())
            monkeypatch.setenv("HTTP_PROXY", proxy.url())
            perform(service.url())
            assert (len(service.seen), len(proxy.seen)) == (1, 0)


class TestTemplates:
    def test_url_query_headers_and_body_are_filled_in(self, service: Service) -> None:
        perform(
            service.url("/ok/{{ parameters.city | urlencode }}"),
            method="POST",
            query={"page": "{{ parameters.page }}"},
            headers={"X-Run": "{{ run.job }}/{{ run.id }}"},
            body={"json": {"deep": ["{{ payload.name }} {{ payload.attempt }}"]}},
            run={"city": "Zürich/Ost", "page": 2},
        )
        seen = service.seen[0]
        assert seen.path == "/ok/Z%C3%BCrich%2FOst?page=2"
        assert seen.headers["X-Run"] == "task:call/7"
        assert json.loads(seen.body) == {"deep": ["first 1"]}

    def test_a_missing_parameter_is_named_with_its_field(self, service: Service) -> None:
        with pytest.raises(PermanentError, match=r"headers\.X-City: .*parameters\.city is not given"):
            perform(service.url(), headers={"X-City": "{{ parameters.city }}"})
        assert service.seen == []

    @pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b"])
    def test_a_value_cannot_begin_another_header(self, service: Service, value: str) -> None:
        with pytest.raises(PermanentError, match="line breaks"):
            perform(service.url(), headers={"X-City": "{{ parameters.city }}"}, run={"city": value})
        assert service.seen == []

    def test_a_url_is_checked_after_its_templates(self, service: Service) -> None:
        for rendered in ("ftp://example.com/", "http://u:p@example.com/", "http://a\r\nb/"):
            with pytest.raises(PermanentError, match=r"^url: a URL must"):
                perform("{{ parameters.url }}", run={"url": rendered})

    def test_a_value_is_not_itself_a_template(self, service: Service) -> None:
        perform(service.url(), headers={"X-City": "{{ parameters.city }}"}, run={"city": "{{ run.id }}"})
        assert service.seen[0].headers["X-City"] == "{{ run.id }}"


AUTHS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"basic": {"username": "ann", "password_secret": "password"}},
        "Authorization",
        "Basic " + base64.b64encode(f"ann:{SECRETS['password']}".encode()).decode(),
    ),
    ({"bearer": {"secret": "token"}}, "Authorization", f"Bearer {SECRETS['token']}"),
    ({"api_key": {"secret": "token", "header": "X-API-Key"}}, "X-API-Key", SECRETS["token"]),
    (
        {"api_key": {"secret": "token", "header": "Authorization", "prefix": "Token "}},
        "Authorization",
        f"Token {SECRETS['token']}",
    ),
]


class TestSecrets:
    @pytest.mark.parametrize(("auth", "header", "value"), AUTHS)
    def test_credentials_are_sent(self, service: Service, auth: dict[str, Any], header: str, value: str) -> None:
        perform(service.url(), auth=auth)
        assert service.seen[0].headers[header] == value

    def test_a_key_can_go_into_the_query(self, service: Service) -> None:
        perform(service.url("/ok?a=1"), auth={"api_key": {"secret": "token", "query": "key"}})
        assert service.seen[0].path == "/ok?a=1&key=s3cr3t%2Ft%26ken%2Bvalue"

    @pytest.mark.parametrize("auth", [*(auth for auth, _, _ in AUTHS), {"api_key": {"secret": "token", "query": "k"}}])
    @pytest.mark.parametrize("code", [200, 400, 503])
    @pytest.mark.parametrize("kind", ["application/json", "text/plain"])
    @pytest.mark.parametrize("limit", [None, 60, 100, 150, 165])
    def test_what_the_server_echoes_of_them_is_masked(
        self, service: Service, auth: dict[str, Any], code: int, kind: str, limit: int | None
    ) -> None:
        parameters = {"max_response_bytes": limit} if limit else {}
        try:
            kept = json.dumps(perform(service.url(f"/echo?code={code}&type={kind}"), auth=auth, **parameters))
        except JobsError as error:
            kept = json.dumps([str(error), error.details])  # type: ignore[attr-defined]
        forms = [*SECRETS.values(), "s3cr3t", "w\\u00f6rd", *(auth_value.split()[-1] for _, _, auth_value in AUTHS)]
        assert [form for form in forms if form in kept] == []

    def test_an_authorization_header_of_the_job_is_masked_too(self, service: Service) -> None:
        result = perform(service.url("/echo"), headers={"Authorization": "Bearer of-bad-news"})
        assert service.seen[0].headers["Authorization"] == "Bearer of-bad-news"
        assert "of-bad-news" not in json.dumps(result)

    def test_a_failed_connection_does_not_tell_the_key(self) -> None:
        with pytest.raises(JobsError) as caught:
            perform("http://127.0.0.1:9/", auth={"api_key": {"secret": "token", "query": "key"}})
        assert "s3cr3t" not in repr(caught.value) + repr(caught.value.__cause__)

    def test_an_unknown_secret_is_named_and_nothing_is_sent(self, service: Service) -> None:
        with pytest.raises(PermanentError, match="no secret named nobody"):
            perform(service.url(), auth={"bearer": {"secret": "nobody"}})
        assert service.seen == []

    def test_a_secret_that_no_header_can_carry_is_not_shown(self, service: Service) -> None:
        attempt = work(service.url(), auth={"bearer": {"secret": "token"}})
        object.__setattr__(attempt, "secret", lambda name: "a\r\nX-Evil: hidden")
        with pytest.raises(PermanentError, match="the secret token contains control characters") as caught:
            EXECUTOR.perform(attempt)
        assert "hidden" not in str(caught.value)


def test_parameters_that_are_wrong_at_run_time_are_final() -> None:
    with pytest.raises(PermanentError, match=r"parameters\.method: expected one of GET, POST"):
        perform("http://example.com/", method="FETCH")
