"""JSON paths and regular expressions: what is accepted, and that none can run away."""

import pytest

from workers.payloads.http import patterns
from workers.payloads.http.patterns import PatternError, check_path, check_pattern, find_path, find_pattern

DATA = {"items": [{"id": 1, "ok": True}, {"id": 2, "ok": False}], "a b": {"c": None}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.items[0].id", [1]),
        ("$.items[-1].id", [2]),
        ("$.items[*].id", [1, 2]),
        ("$..id", [1, 2]),
        ("$['a b'].c", [None]),
        ("$.items[?@.ok == true].id", [1]),
        ("$.nothing", []),
        ("$", [DATA]),
    ],
)
def test_a_path_finds_its_values_in_the_order_of_the_document(path: str, found: list[object]) -> None:
    assert find_path(check_path(path), DATA) == found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("items", "no JSON path"),
        ("$.items[", "no JSON path"),
        ("$.a | $.b", "one '..'"),
        ("$..a..b", "one '..'"),
        ("$[?@.a[?@.b]]", "one '..'"),
        ("$.a[?@.b == $.c]", "one '..'"),
        ("$[?match(@.a, 'a+')]", "no JSON path"),
        ("$[?@.a =~ /(a+)+$/]", "one '..'"),
        ("$." + "a" * 500, "at most 500"),
    ],
)
def test_a_path_whose_work_could_run_away_is_refused(path: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("'..'", r"'\.\.'")):
        check_path(path)


def test_what_can_be_nested_can_be_walked() -> None:
    deep: object = 7
    for _ in range(100):
        deep = [deep]
    assert 7 in find_path(check_path("$..*"), deep)


def test_very_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MAX_FOUND", 3)
    assert find_path("$[*]", [1, 2, 3]) == [1, 2, 3]
    assert find_pattern("[0-9]", "123") == ["1", "2", "3"]
    with pytest.raises(PatternError, match="more than 3 values"):
        find_path("$[*]", [1, 2, 3, 4])
    with pytest.raises(PatternError, match="more than 3 texts"):
        find_pattern("[0-9]", "1234")


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("n=([0-9]+)", "n=1, n=23", ["1", "23"]),
        ("[a-z]+é", "abcé", ["abcé"]),
        ("(x)?y", "y xy", ["", "x"]),
        ("z", "y", []),
    ],
)
def test_an_expression_finds_its_first_group_or_the_whole(pattern: str, text: str, found: list[str]) -> None:
    assert find_pattern(check_pattern(pattern), text) == found


def test_an_expression_that_would_backtrack_for_hours_takes_no_time() -> None:
    assert find_pattern(check_pattern("(a+)+$"), "a" * 100_000 + "b") == []


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "((a{1000}){1000}){1000}", "x" * 1001])
def test_what_is_no_expression_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="regular expression"):
        check_pattern(pattern)
