"""Where a deployment says that large results lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from jobsproject import env

STORED = Path("/srv/jobs/files")


def said(monkeypatch: pytest.MonkeyPatch, value: str = "", options: str = "", *, otherwise: Path | None = None) -> Any:
    monkeypatch.setenv("RESULTS", value)
    monkeypatch.setenv("RESULTS_S3", options)
    return env.result_storage("RESULTS", "RESULTS_S3", otherwise=otherwise, apart_from={"FILES": [STORED]}).get(
        "results"
    )


def test_nowhere_without_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch) is None


def test_in_a_folder_of_the_stored_files_or_in_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    within = said(monkeypatch, otherwise=STORED / ".results")
    named = said(monkeypatch, "/srv/results", otherwise=STORED / ".results")
    assert within == {"BACKEND": "jobs.result_files.ResultFiles", "OPTIONS": {"location": "/srv/jobs/files/.results"}}
    assert named["OPTIONS"] == {"location": "/srv/results"}


def test_in_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    options = '{"endpoint_url": "https://s3.example.org", "region": "eu", "path_style": true}'
    assert said(monkeypatch, "s3://acme-jobs/a/b", options, otherwise=STORED) == {
        "BACKEND": "jobs.result_bucket.ResultBucket",
        "OPTIONS": {
            "bucket": "acme-jobs",
            "prefix": "a/b",
            "endpoint_url": "https://s3.example.org",
            "region": "eu",
            "path_style": True,
        },
    }


@pytest.mark.parametrize(
    ("value", "options", "words"),
    [
        ("results", "", "RESULTS must be an absolute path"),
        ("s3://", "", "RESULTS must be an absolute folder or s3://bucket/prefix"),
        ("s3://a b/c", "", "RESULTS must be an absolute folder or s3://bucket/prefix"),
        ("/srv/jobs", "", "must not overlap"),
        ("/srv/jobs/files/acme", "", "must not overlap"),
        ("s3://acme-jobs", '{"secret_key": "x"}', "RESULTS_S3 may have .*: look at 'secret_key'$"),
        ("s3://acme-jobs", '{"path_style": "yes"}', "RESULTS_S3 may have .*: look at 'path_style'$"),
    ],
)
def test_what_is_wrong_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str, options: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        said(monkeypatch, value, options)


@pytest.mark.parametrize("value", ["0", "16385", "nan"])
def test_a_limit_must_lie_within_its_bounds(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LIMIT", value)
    with pytest.raises(ImproperlyConfigured, match="LIMIT must be at"):
        env.number("LIMIT", 1024, least=1, most=16384)
