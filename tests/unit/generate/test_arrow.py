"""Made-up data as a source of Arrow batches."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pytest
from pydantic import ValidationError

from workers.generate.arrow import batches

PEOPLE = {
    "name": "people",
    "fields": [
        {"name": "id", "type": "sequence", "primary_key": True},
        {"name": "name", "type": "person", "nullable": True},
        {"name": "born", "type": "datetime", "part": "date"},
    ],
}


def test_the_batches_hold_as_many_rows_as_asked_for_with_one_schema() -> None:
    made = list(batches(PEOPLE, rows=2100, seed=3))
    assert [batch.num_rows for batch in made] == [1000, 1000, 100]
    schema = pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            ("name", pa.string()),
            pa.field("born", pa.date32(), nullable=False),
        ]
    )
    assert {batch.schema == schema for batch in made} == {True}


def test_a_seed_repeats_them() -> None:
    first, again, other = (pa.Table.from_batches(batches(PEOPLE, rows=50, seed=seed)) for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_they_are_made_as_they_are_asked_for() -> None:
    endless = batches(PEOPLE, rows=10**9, seed=1)
    assert len(list(itertools.islice(endless, 2))) == 2


def test_no_rows_are_no_batches() -> None:
    assert list(batches(PEOPLE, rows=0, seed=1)) == []


def test_what_is_no_dataset_is_refused() -> None:
    with pytest.raises(ValidationError):
        next(batches({"name": "x", "fields": []}, rows=1, seed=1))


def test_a_dataset_that_refers_to_another_is_refused() -> None:
    reference = {"name": "x", "fields": [{"name": "r", "type": "reference", "dataset": "y"}]}
    with pytest.raises(ValueError, match="x refers to other datasets"):
        next(batches(reference, rows=1, seed=1))
