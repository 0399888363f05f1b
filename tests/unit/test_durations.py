"""Durations: every vector of the ms package, and the refusals a person meets."""

import json
from pathlib import Path

import pytest

from jobs.durations import parse_ms

VECTORS = Path(__file__).parent.parent / "vectors" / "ms.open.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_every_ms_vector_is_read_as_the_package_reads_it(row: dict[str, object]) -> None:
    if not row["valid"]:
        with pytest.raises(ValueError, match="expected milliseconds"):
            parse_ms(str(row["input"]))
        return
    assert parse_ms(str(row["input"])) == pytest.approx(row["result"], rel=1e-12)


@pytest.mark.parametrize(("value", "expected"), [(100, 100), ("1.5h", 5_400_000), ("2 days", 172_800_000)])
def test_numbers_are_milliseconds_and_strings_carry_units(value: str | int, expected: float) -> None:
    assert parse_ms(value) == expected


@pytest.mark.parametrize("value", [True, None, [], float("nan"), float("inf"), "1h 30m"])
def test_what_is_no_duration_is_refused_with_an_example_of_one(value: object) -> None:
    with pytest.raises(ValueError, match="2 days"):
        parse_ms(value)  # type: ignore[arg-type]
