"""Before and after, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from manifests.differences import ABSENT, MOST, Change, changes


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [Change("a", 1, 2)]),
        ({}, {"a": None}, [Change("a", ABSENT, None)]),
        ({"a": 1}, {}, [Change("a", 1, ABSENT)]),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 1}}, [Change("a.b", 1, 2)]),
        ({"a": ["x"]}, {"a": ["x", "y"]}, [Change("a", ["x"], ["x", "y"])]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, [Change("a.1.b", 2, 3)]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}, [Change("a.1", ABSENT, {"b": 2})]),
        ({"a": 1}, {"a": True}, [Change("a", 1, True)]),
    ],
)
def test_each_field_that_differs_is_told(before: dict[str, Any], after: dict[str, Any], expected: list[Change]) -> None:
    assert changes(before=before, after=after) == expected


def test_what_looks_like_a_secret_is_hidden_on_both_sides() -> None:
    before, after = ({"headers": {"Authorization": word}} for word in ("Bearer old", "Bearer new"))
    assert changes(before=before, after=after) == [Change("headers.Authorization", "***", "***")]


def test_of_very_many_the_first_are_told_and_the_others_counted() -> None:
    found = changes(before={}, after={str(number): number for number in range(MOST + 5)})
    assert (len(found), found[-1].after) == (MOST + 1, "5 more fields")
