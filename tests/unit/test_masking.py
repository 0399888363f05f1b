"""Secrets disappear from text and data in whatever form they come back."""

import base64
import json

import pytest

from workers.masking import Masker

SECRET = 's3/cr"et+ü'


@pytest.mark.parametrize(
    "echo",
    [
        SECRET,
        "s3%2Fcr%22et%2B%C3%BC",
        "s3/cr%22et%2B%C3%BC",
        json.dumps({"key": SECRET}),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_every_form_is_masked(echo: str) -> None:
    masked = Masker([SECRET]).text(f"before {echo} after")
    assert "cr" not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_keys_values_and_numbers_of_data_are_masked() -> None:
    data = {"a": ["12345", 12345, 1.5, None, True], "x 12345": {"b": "no"}}
    assert Masker(["12345"]).data(data) == {"a": ["***", "***", 1.5, None, True], "x ***": {"b": "no"}}


@pytest.mark.parametrize(
    "echo", ["password=hunter2;", "ada:hunter2@db", '{"p":"hunter2"}', "hunter2", "it is hunter2."]
)
def test_a_short_secret_is_masked_where_it_stands_by_itself(echo: str) -> None:
    assert "hunter2" not in Masker(["hunter2"]).text(echo)


def test_a_short_secret_does_not_take_longer_words_and_numbers_apart() -> None:
    data = {"destination": "postgresql", "postgres_rows": 112345, "postgresql": "1234.5"}
    assert Masker(["postgres", "1234"]).data(data) == data | {"postgresql": "***.5"}


def test_a_long_secret_is_masked_within_words_too() -> None:
    assert Masker(["correcthorse"]).text("xcorrecthorsex") == "x***x"


@pytest.mark.parametrize("length", range(1, 6))
def test_the_beginning_of_a_secret_at_a_cut_is_masked(length: int) -> None:
    assert Masker(["qwert"]).cut_text("text " + "qwert"[:length]) == "text ***"


def test_the_longest_secret_goes_first() -> None:
    assert Masker(["abc", "abcdef"]).text("abcdef abc") == "*** ***"


def test_without_secrets_nothing_changes() -> None:
    data = {"a": [1]}
    assert Masker([""]).data(data) is data
    assert Masker([]).text("text") == "text"
