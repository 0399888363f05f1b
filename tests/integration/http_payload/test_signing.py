"""Requests that are signed by Standard Webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest

from jobs.errors import PermanentError
from jobs.http.signing import Signer, read_key
from tests.integration.http_payload import calls
from tests.integration.http_payload.calls import perform
from tests.integration.http_payload.service import Seen, Service

OLD, NEW = b"o" * 24, b"n" * 64


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in (("old", OLD), ("new", NEW), ("short", b"s" * 23)):
        monkeypatch.setitem(calls.SECRETS, name, "whsec_" + base64.b64encode(key).decode())


def is_good(seen: Seen, key: bytes) -> bool:
    """What a receiver does."""
    headers = {name.lower(): value for name, value in seen.headers.items()}
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + seen.body
    expected = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return expected in headers["webhook-signature"].split(" ")


def test_the_specifications_example_comes_out() -> None:
    key = read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", name="key")
    headers = Signer("msg_p5jXN8AQM9LWM0D4loKWxJek", [key]).headers(body=b'{"test": 2432232314}', timestamp=1614265330)
    assert headers["Webhook-Signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_receiver_can_verify_body_time_and_id(service: Service) -> None:
    perform(service.url("/ok"), method="POST", body={"json": {"a": "ü"}}, sign={"secrets": ["new"]})
    (seen,) = service.seen
    assert is_good(seen, NEW)
    assert not is_good(Seen(seen.method, seen.path, seen.headers, seen.body + b" "), NEW)
    assert abs(time.time() - int(seen.headers["Webhook-Timestamp"])) < 60
    assert seen.headers["Webhook-Id"] == seen.headers["Idempotency-Key"]


def test_with_two_keys_either_verifies(service: Service) -> None:
    perform(service.url("/ok"), sign={"secrets": ["new", "old"]})
    assert is_good(service.seen[0], OLD)
    assert is_good(service.seen[0], NEW)


def test_a_redirect_is_signed_anew_and_elsewhere_not_at_all(service: Service) -> None:
    sign = {"secrets": ["new"]}
    perform(service.url("/redirect?code=303&to=/ok"), method="POST", body={"text": "x"}, sign=sign)
    assert service.seen[1].body == b""
    assert is_good(service.seen[1], NEW)
    with Service() as other:
        perform(service.url(f"/redirect?to={other.url('/ok')}"), sign=sign)
        assert "Webhook-Signature" not in other.seen[0].headers


@pytest.mark.parametrize("name", ["short", "token"])
def test_a_secret_that_is_no_key_is_refused_without_being_told(service: Service, name: str) -> None:
    with pytest.raises(PermanentError, match=f"the secret {name} is no signing key") as caught:
        perform(service.url("/ok"), sign={"secrets": [name]})
    assert calls.SECRETS[name] not in str(caught.value)
    assert service.seen == []


def test_neither_key_nor_signature_is_kept(service: Service) -> None:
    result: Any = perform(service.url("/echo"), sign={"secrets": ["new"]})
    assert "whsec_" not in str(result)
    assert result["body"]["headers"]["Webhook-Id"]
