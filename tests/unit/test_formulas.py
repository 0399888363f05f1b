"""Cells of CSV that a spreadsheet would take for formulas."""

from __future__ import annotations

import pytest

from sinks.content.formulas import disarmed


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "=",
        "-",
        "+1e",
        "-1-1",
        " =1",
        "\u00a0 @a",
        "\ufeff=1",
        "\u200b-a",
        "\uff1d1",
        "\uff0ba",
        "\uff0d1",
        " \uff20a",
        "\t5",
    ],
)
def test_a_text_that_begins_like_one_gets_an_apostrophe(text: str) -> None:
    assert disarmed(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["", "a=1", '"=1+1"', "{}", "-5", "+5", "-0.25", "-.5", "-1e-9", "'=1", " -5", " a=1", "   ", 5, -5, None]
)
def test_anything_else_stays_as_it_is(value: object) -> None:
    assert disarmed(value) == value
