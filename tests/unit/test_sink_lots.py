"""Lots of what is handed over some at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sinks.lots import lots


@pytest.mark.parametrize(
    ("items", "made"),
    [
        ([], []),
        (["a"], [["a"]]),
        (["a", "b", "c", "d"], [["a", "b", "c"], ["d"]]),
        (["aaaa", "bbbb", "cccc"], [["aaaa", "bbbb"], ["cccc"]]),
        (["a", "b" * 100, "c"], [["a", "b" * 100], ["c"]]),
    ],
)
def test_they_are_bounded_by_count_and_by_size(items: list[str], made: list[list[str]]) -> None:
    assert list(lots(items=items, most=3, most_bytes=8, size_of=len)) == made


def test_nothing_is_read_before_the_lot_in_front_of_it_was_taken() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for at in range(6):
            read.append(at)
            yield at

    each = lots(items=items(), most=2, size_of=lambda _: 1)
    assert read == []
    assert (next(each), read) == ([0, 1], [0, 1])
    assert (next(each), read) == ([2, 3], [0, 1, 2, 3])
