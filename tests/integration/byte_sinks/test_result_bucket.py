"""Large results in a bucket of a real S3 server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs import large_results
from jobs.errors import PermanentError, TransientError
from jobs.result_bucket import ResultBucket
from tests.free_ports import free_ports
from tests.integration.byte_sinks.buckets import Bucket
from tests.swift import ACCESS_KEY, REGION, SECRET_KEY

KEY = "acme/7/0-1-abc.json"
TEXT = json.dumps({"rows": list(range(100_000))})


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment, where a deployment has them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)


@pytest.fixture
def storage(bucket: Bucket, settings: Any) -> dict[str, Any]:
    """The deployment's storage of results; its options, which may be changed."""
    options = {
        "bucket": bucket.name,
        "prefix": "jobs/results",
        "endpoint_url": bucket.endpoint_url,
        "region": REGION,
        "path_style": True,
    }
    use(settings, options)
    return options


def use(settings: Any, options: dict[str, Any]) -> None:
    backend = {"BACKEND": "jobs.result_bucket.ResultBucket", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "results": backend}


def whole(stored: dict[str, Any]) -> Any:
    return large_results.whole(result=None, stored=stored)


def test_what_was_put_is_read_whole_and_erased(storage: dict[str, Any], bucket: Bucket) -> None:
    stored = large_results.put(key=KEY, text=TEXT)
    assert bucket.objects() == [f"jobs/results/{KEY}"]
    assert bucket.read(f"jobs/results/{KEY}").decode() == TEXT
    assert (stored["key"], stored["size_bytes"], whole(stored)) == (KEY, len(TEXT), json.loads(TEXT))
    assert max(len(piece) for piece in large_results.pieces(stored=stored)) < len(TEXT)
    large_results.erase(key=KEY)
    assert bucket.objects() == []
    with pytest.raises(PermanentError) as caught:
        whole(stored)
    assert caught.value.code == "result_missing"


def test_what_is_not_there_is_erased_without_a_word(storage: dict[str, Any]) -> None:
    large_results.erase(key=KEY)


def test_it_knows_what_is_there(storage: dict[str, Any]) -> None:
    bucket = ResultBucket(**storage)
    assert not bucket.exists(KEY)
    large_results.put(key=KEY, text=TEXT)
    assert bucket.exists(KEY)


@pytest.mark.parametrize("wrong", ["bucket", "keys", "nobody"])
def test_a_service_that_refuses_or_does_not_answer_may_be_asked_again_and_is_not_named(
    storage: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    stored = large_results.put(key=KEY, text=TEXT)
    if wrong == "bucket":
        use(settings, storage | {"bucket": "no-such-bucket"})
    elif wrong == "keys":
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
        use(settings, storage)
    else:
        [port] = free_ports(1)
        use(settings, storage | {"endpoint_url": f"http://127.0.0.1:{port}"})
    for asking in (
        lambda: large_results.put(key="other", text=TEXT),
        lambda: whole(stored),
        lambda: large_results.erase(key=KEY),
    ):
        with pytest.raises(TransientError) as caught:
            asking()
        assert caught.value.code == "result_storage"
        assert "127.0.0.1" not in str(caught.value)
        assert "bucket" not in str(caught.value).replace("NoSuchBucket", "")
