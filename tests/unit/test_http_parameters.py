"""The parameters of an http payload: what is accepted, and what the refusals say."""

import re
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml

from jobs.documents import field_errors
from workers.payloads.http.auth import secrets_of
from workers.payloads.http.parameters import HttpParameters

URL = "https://example.com/"


def refusal(**parameters: Any) -> str:
    """The field and the message of the one thing that is wrong."""
    with pytest.raises(pydantic.ValidationError) as caught:
        HttpParameters.model_validate({"url": URL, **parameters})
    errors = field_errors(caught.value, model=HttpParameters)
    assert len(errors) == 1, errors
    return f"{errors[0].field}: {errors[0].message}"


def test_a_url_is_enough() -> None:
    parameters = HttpParameters.model_validate({"url": URL})
    assert (parameters.method, parameters.expect_status) == ("GET", ((200, 299),))
    assert (parameters.redirects.follow, parameters.redirects.max, parameters.tls.verify) == (True, 5, True)
    assert parameters.max_response_bytes == 1024 * 1024


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http-payload.md"
EXAMPLES = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.mark.parametrize("example", EXAMPLES, ids="-".join)
def test_the_examples_of_the_reference_are_accepted(example: dict[str, Any]) -> None:
    parameters = example["payload"][0]["parameters"] if "payload" in example else {"url": URL, **example}
    HttpParameters.model_validate(parameters)


def test_every_parameter_is_in_the_reference() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Templates")[0]
    assert not [name for name in HttpParameters.model_fields if f"`{name}" not in table]


def test_without_a_url_nothing_goes() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        HttpParameters.model_validate({})
    assert field_errors(caught.value)[0].message == "this field is required"


@pytest.mark.parametrize(
    "parameters",
    [
        {"method": "post"},
        {"url": "HTTP://bücher.example:8080/a b?c=ü#d"},
        {"url": "http://[2001:db8::1]:80/"},
        {"url": "{{ parameters.base }}/x"},
        {"query": {"a": "x", "b": 1, "c": 1.5, "d": True, "e": ["x", 2]}},
        {"headers": {"X-A": "1", "X-B": 2}},
        {"body": {"json": None}},
        {"body": {"json": {"a": [1, "{{ parameters.b }}"]}}},
        {"body": {"text": "", "content_type": "text/csv"}},
        {"body": {"form": {"a": ["1", "2"]}}},
        {"auth": {"api_key": {"secret": "key", "query": "k"}}},
        {"auth": {"bearer": {"secret": "key"}}, "headers": {"X-Authorization": "x"}},
        {"timeouts": {"connect": 500, "read": "1.5s", "total": "2 minutes"}},
        {"expect_status": 204},
        {"expect_status": [200, "2xx", "300-304", "404"]},
        {"max_response_bytes": 0},
        {"redirects": {"follow": False}},
    ],
)
def test_these_are_accepted(parameters: dict[str, Any]) -> None:
    HttpParameters.model_validate({"url": URL, **parameters})


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"method": "FETCH"}, "method: expected one of GET, POST"),
        ({"method": 5}, "method: expected one of GET, POST"),
        ({"verb": "GET"}, "verb: unknown field; there are "),
        ({"metod": "GET"}, "metod: unknown field; did you mean method?"),
        ({"url": "example.com"}, "url: a URL must begin with http:// or https://"),
        ({"url": "ftp://example.com/"}, "url: a URL must begin with http:// or https://"),
        ({"url": "http:///path"}, "url: a URL must begin with http:// or https:// and a host"),
        ({"url": "http://"}, "url: a URL must begin with http:// or https:// and a host"),
        ({"url": "http://ann:pw@example.com/"}, "url: a URL must not contain a user name or password; use auth.basic"),
        ({"url": "http://ann@example.com/"}, "url: a URL must not contain a user name or password; use auth.basic"),
        ({"url": "http://example.com/\r\nX: y"}, "url: a URL must not contain line breaks"),
        ({"url": "http://example.com:99999/"}, "url: this is no URL"),
        ({"url": "http://example.com:0/"}, "url: a port must lie between 1 and 65535"),
        ({"url": "http://a..b/"}, "url: the host's name has an empty part"),
        ({"url": "http://" + "a" * 64 + "/"}, "url: the host's name has an empty part or one of more than 63"),
        ({"url": "http://x/" + "a" * 20000}, "url: a URL may have at most 16384 characters"),
        ({"url": "http://x/{{ parameters.a"}, "url: the template cannot be read (line 1)"),
        ({"query": {"a": None}}, "query.a: expected text, a number, true, false, or a list of these"),
        ({"query": {"a": {"b": 1}}}, "query.a: expected text, a number, true, false, or a list of these"),
        ({"query": {"a": ["x", []]}}, "query.a: expected text, a number, true, false, or a list of these"),
        ({"query": {"a": "{{ }"}}, "query.a: the template cannot be read"),
        ({"query": "a=b"}, "query: expected an object"),
        ({"headers": {"X A": "1"}}, "headers: 'X A' is no header name"),
        ({"headers": {"": "1"}}, "headers: '' is no header name"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "headers.X-A: a header must not contain line breaks"),
        ({"headers": {"X-A": True}}, "headers.X-A: expected text"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers: a header is given twice"),
        (
            {"headers": {"idempotency-key": "x"}},
            "headers: the header idempotency-key cannot be given: it is set for you",
        ),
        ({"headers": {"Host": "x"}}, "headers: the header Host cannot be given: it follows from the url"),
        (
            {"headers": {"Content-Length": "1"}},
            "headers: the header Content-Length cannot be given: it follows from the body",
        ),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers: the header Transfer-Encoding cannot be given"),
        ({"body": {}}, "body: give exactly one of text, json, form"),
        ({"body": {"text": "a", "json": 1}}, "body: give exactly one of text, json, form"),
        ({"body": "text"}, "body: expected an object"),
        ({"body": {"json": float("nan")}}, "body.json: expected what JSON can say"),
        ({"body": {"json": {"a": {1, 2}}}}, "body.json: expected what JSON can say"),
        ({"body": {"json": ["{% if"]}}, "body.json: the template cannot be read"),
        ({"auth": {}}, "auth: give exactly one of basic, bearer, api_key"),
        ({"auth": {"bearer": {"secret": "a"}, "basic": None}}, "auth: give exactly one of basic, bearer, api_key"),
        ({"auth": {"basic": {"username": "a", "password": "b"}}}, None),
        (
            {"auth": {"basic": {"username": "a:b", "password_secret": "p"}}},
            "auth.basic.username: a user name must not contain a colon",
        ),
        ({"auth": {"bearer": {"secret": "not a name"}}}, "auth.bearer.secret: expected the name of a secret"),
        ({"auth": {"api_key": {"secret": "a"}}}, "auth.api_key: give either header or query"),
        (
            {"auth": {"api_key": {"secret": "a", "header": "X", "query": "y"}}},
            "auth.api_key: give either header or query",
        ),
        (
            {"auth": {"api_key": {"secret": "a", "header": "Host"}}},
            "auth.api_key.header: the header Host cannot be given",
        ),
        (
            {"auth": {"bearer": {"secret": "a"}}, "headers": {"authorization": "x"}},
            ": auth sends the header authorization: leave it out of headers",
        ),
        ({"timeouts": {"total": "1h 30m"}}, "timeouts.total: expected milliseconds"),
        ({"timeouts": {"read": 0}}, "timeouts.read: a timeout must lie between 1 ms and 7 days"),
        ({"expect_status": ["6xx"]}, "expect_status: expected status codes such as 200"),
        ({"expect_status": [20]}, "expect_status: expected status codes such as 200"),
        ({"retry_status": ["204-200"]}, "retry_status: expected status codes such as 200"),
        ({"final_status": [True]}, "final_status: expected status codes such as 200"),
        ({"redirects": {"max": 21}}, "redirects.max: expected at most 20"),
        ({"redirects": {"follow": "yes"}}, "redirects.follow: expected true or false"),
        ({"tls": {"ca": "/etc/passwd"}}, "tls.ca: expected certificates in PEM form"),
        ({"tls": {"verify": 0}}, "tls.verify: expected true or false"),
        ({"max_response_bytes": 16 * 1024 * 1024 + 1}, "max_response_bytes: expected at most 16777216"),
        ({"max_response_bytes": -1}, "max_response_bytes: expected at least 0"),
        ({"max_response_bytes": "1MiB"}, "max_response_bytes: expected a whole number"),
    ],
)
def test_refusals_name_the_field_and_what_would_be_right(parameters: dict[str, Any], expected: str | None) -> None:
    if expected is None:  # two things are wrong at once: both are told
        with pytest.raises(pydantic.ValidationError) as caught:
            HttpParameters.model_validate({"url": URL, **parameters})
        fields = {error.field for error in field_errors(caught.value)}
        assert fields == {"auth.basic.password_secret", "auth.basic.password"}
        return
    assert refusal(**parameters).startswith(expected)


def test_the_names_of_all_its_secrets_are_known() -> None:
    given = {
        "sign": {"secrets": ["a", "b"]},
        "tls": {"client": {"certificate_secret": "c", "key_secret": "d", "passphrase_secret": "e"}},
        "proxy": {"url": "http://proxy:3128", "username": "me", "password_secret": "f"},
    }
    oauth2 = {"token_url": URL, "client_id": "me", "client_secret": "g"}
    ways: list[dict[str, Any]] = [
        {"basic": {"username": "me", "password_secret": "g"}},
        {"bearer": {"secret": "g"}},
        {"api_key": {"secret": "g", "query": "key"}},
        {"oauth2": oauth2},
    ]
    for auth in ways:
        parameters = {"url": URL, "auth": auth, **given}
        HttpParameters.model_validate(parameters)
        assert sorted(secrets_of(parameters)) == list("abcdefg")
    assert list(secrets_of({"url": URL, "proxy": "http://proxy:3128", "tls": {"verify": False}})) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"proxy": "https://proxy:3128"}, "a proxy that is spoken to by http://"),
        ({"proxy": {"url": "http://proxy", "username": "me"}}, "give username and password_secret, or neither"),
        ({"proxy": "http://me:secret@proxy"}, "must not contain a user name or password"),
        ({"sign": {"secrets": []}}, "expected at least 1 entry"),
        ({"headers": {"Webhook-Id": "x"}}, "it is set for you when sign is given"),
        (
            {"auth": {"oauth2": {"token_url": "{{ a }}", "client_id": "a", "client_secret": "a"}}},
            "cannot be a template",
        ),
        ({"poll": {"interval": 0}}, "a timeout must lie between"),
    ],
)
def test_what_proves_who_asks_is_checked_when_saved(given: dict[str, Any], said: str) -> None:
    assert said in refusal(**given)
