"""URLs: normalised once, joined and compared by what they are."""

import pytest

from jobs.http.urls import follow, parse_target, with_query


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.COM", "http://example.com"),
        ("http://example.com/a b?c=ü#frag", "http://example.com/a%20b?c=%C3%BC"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://example.com/%7Ea/../b", "http://example.com/b"),
        (" http://example.com/ ", "http://example.com/"),
    ],
)
def test_they_are_normalised(url: str, canonical: str) -> None:
    assert parse_target(url).url == canonical


def test_a_target_knows_its_parts() -> None:
    target = parse_target("https://[2606:4700::1]/a?b=1#c")
    assert (target.scheme, target.host, target.port, target.path) == ("https", "2606:4700::1", 443, "/a?b=1")
    assert parse_target("http://example.com").path == "/"


def test_the_default_port_makes_no_other_origin() -> None:
    assert parse_target("http://example.com:80/a").origin == parse_target("http://example.com/b").origin
    assert parse_target("http://example.com/").origin != parse_target("https://example.com/").origin
    assert parse_target("http://example.com:81/").origin != parse_target("http://example.com/").origin


@pytest.mark.parametrize(
    ("url", "added"),
    [
        ("http://x/a", "http://x/a?k=v%20w"),
        ("http://x/a?", "http://x/a?k=v%20w"),
        ("http://x/a?b=1", "http://x/a?b=1&k=v%20w"),
        ("http://x/a#f", "http://x/a?k=v%20w#f"),
    ],
)
def test_a_query_is_added(url: str, added: str) -> None:
    assert with_query(url, [("k", "v w")]) == added
    assert with_query(url, []) == url


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/b", "http://x.example/b"),
        ("c?d=1", "http://x.example/a/c?d=1"),
        ("//y.example/z", "http://y.example/z"),
        ("https://y.example/", "https://y.example/"),
        ("/\u00c3\u00bc", "http://x.example/%C3%BC"),
    ],
)
def test_locations_are_joined(location: str, leads_to: str) -> None:
    assert follow(parse_target("http://x.example/a/b"), location).url == leads_to
