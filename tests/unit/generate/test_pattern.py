"""Texts from regular expressions."""

from __future__ import annotations

import re
import tracemalloc
from random import Random

import pytest

from workers.generate.pattern import MAX_CHARACTERS, MOST_REPEATS, check, compiled


@pytest.mark.parametrize(
    "expression",
    [
        "[\x01-\U0010ffff]",
        r"\d{3}-\d{4}",
        r"[A-Z][a-z]+ [A-Z]\.",
        r"(red|green|blue)+",
        r"(?:ab)?c*d{2,}",
        r"[^a-z\d]",
        r"[\w.]{1,5}@\S\D\W",
        r"(\w)(?P<two>\d)\1(?P=two)",
        r"^x.y$",
        r"\s\.\\",
        "[^ ]+?",
        "é[ä-ü]",
    ],
)
def test_what_is_made_matches(expression: str) -> None:
    draw, random = compiled(expression), Random(1)
    made = [draw(random) for _ in range(300)]
    assert all(re.fullmatch(expression, text) for text in made)
    assert len(set(made)) > 1 or expression in {r"\s\.\\"}


def test_what_may_go_on_without_end_ends() -> None:
    draw, random = compiled("a+"), Random(1)
    assert {len(draw(random)) for _ in range(500)} == set(range(1, 2 + MOST_REPEATS))


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("[", "this is no regular expression"),
        ("(?=a)b", "assert is not supported"),
        (r"\bword", r"only \^ and \$"),
        (r"((a{100}){100}){100}", f"more than {MAX_CHARACTERS:,}"),
        (r"[^\x20-\x7e]", "a set of characters is empty"),
    ],
)
def test_what_cannot_be_made_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check(expression)


def test_a_set_of_all_characters_is_not_listed() -> None:
    tracemalloc.start()
    try:
        draws = [compiled("[\x01-\U0010ffff]" * 60) for _ in range(3)]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(draws[0](Random(1))) == 60
    assert peak_bytes < 5_000_000


@pytest.mark.parametrize("expression", [r"(a{9000})\1", r"(a{100})" + r"\1" * 100, r"((a{50})\2{99})\1\1"])
def test_a_group_that_is_named_again_counts_as_long_as_it_is(expression: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        check(expression)


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        check("(" * 450 + "a" + ")" * 450)
