"""The setting that says where the site is reached from outside."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from jobsproject import env


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("https://jobs.example.org", "https://jobs.example.org"),
        ("https://jobs.example.org/", "https://jobs.example.org"),
        ("http://[::1]:8000/base/", "http://[::1]:8000/base"),
    ],
)
def test_an_address_is_read_without_its_last_slash(monkeypatch: pytest.MonkeyPatch, written: str, read: str) -> None:
    monkeypatch.setenv("JOBS_PUBLIC_URL", written)
    assert env.url("JOBS_PUBLIC_URL") == read


@pytest.mark.parametrize(
    "written",
    ["jobs.example.org", "ftp://example.org", "https://", "https://a b", "https://ann:x@example.org", "https://a/?x=1"],
)
def test_anything_else_stops_the_start(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("JOBS_PUBLIC_URL", written)
    with pytest.raises(ImproperlyConfigured, match="JOBS_PUBLIC_URL must be an address such as"):
        env.url("JOBS_PUBLIC_URL")
