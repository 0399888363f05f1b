"""Datasets: nulls, duplicates, references, expressions, and that a seed repeats them."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest

from jobs.errors import PermanentError, TransientError
from tests.unit.generate.making import NOW, dataset, rows, values
from workers.generate.independent import Plan
from workers.generate.keys import Keys
from workers.generate.parallel import drawn_in_parallel
from workers.generate.records import Records
from workers.generate.seen import Seen
from workers.generate.spec import BLOCK, Dataset

COLOURS = {"type": "choice", "values": ["red", "green", "blue"]}


class TestASeed:
    def test_makes_the_same_records_however_many_there_are(self) -> None:
        made = dataset(
            {"name": "a", "type": "person"},
            {"name": "b", "type": "array", "of": {"name": "x", "type": "text"}, "nullable": True},
            {"name": "c", "type": "nested", "fields": [{"name": "y", "type": "address"}]},
            null_percent=30,
        )
        assert rows(made, 10) == rows(made, BLOCK + 10)[:10]

    def test_makes_the_same_values_of_a_field_whatever_stands_beside_it(self) -> None:
        alone = rows(dataset({"name": "a", "type": "integer"}), 10)
        beside = rows(dataset({"name": "z", "type": "integer"}, {"name": "a", "type": "integer"}), 10)
        assert [row[0] for row in alone] == [row[1] for row in beside]
        assert [row[0] for row in beside] != [row[1] for row in beside]

    def test_makes_other_blocks_of_the_same_field(self) -> None:
        made = values({"type": "integer", "maximum": 10**9}, 2 * BLOCK)
        assert made[:BLOCK] != made[BLOCK:]

    def test_makes_the_same_records_in_several_processes(self) -> None:
        made = dataset({"name": "a", "type": "person"}, {"name": "b", **COLOURS, "nullable": True}, null_percent=10)
        count = 3 * BLOCK + 5
        blocks = Records(Plan(made, 1, NOW), records=count, processes=2).blocks()
        assert [row for block in blocks for row in block.rows()] == rows(made, count)


class TestSeveralProcesses:
    def test_that_die_make_the_attempt_one_to_repeat(self) -> None:
        plan = Plan(dataset({"type": "integer"}), 1, NOW)
        blocks = drawn_in_parallel(plan, ((first, 10) for first in itertools.count()), processes=2)
        next(blocks)
        for child in multiprocessing.active_children():
            child.kill()
        with pytest.raises(TransientError) as caught:
            list(blocks)
        assert caught.value.code == "crashed"


class TestNulls:
    def test_come_as_often_as_the_dataset_says(self) -> None:
        made = values({**COLOURS, "nullable": True}, 1000, null_percent=20)
        assert 150 < made.count(None) < 250

    def test_come_only_where_a_field_is_nullable(self) -> None:
        assert None not in values(COLOURS, 1000, null_percent=100)

    def test_do_not_come_where_the_dataset_wants_none(self) -> None:
        assert None not in values({**COLOURS, "nullable": True}, 1000)

    def test_are_no_duplicates_of_each_other(self) -> None:
        made = values({"type": "integer", "nullable": True, "unique": True}, 500, null_percent=50)
        numbers = [value for value in made if value is not None]
        assert 200 < len(numbers) == len(set(numbers)) < 300


class TestUniqueFields:
    def test_have_every_value_once(self) -> None:
        made = values({"type": "integer", "minimum": 1, "maximum": 500, "unique": True}, 500, retries=1000)
        assert sorted(made) != made
        assert len(set(made)) > 495

    def test_fail_when_there_are_not_enough_values(self) -> None:
        with pytest.raises(PermanentError, match=r"d\.v: record 4 has no new value after 10 tries more") as caught:
            values({**COLOURS, "unique": True}, 4, retries=10)
        assert caught.value.code == "duplicates"

    def test_may_repeat_as_often_as_is_tolerated(self) -> None:
        made = values({**COLOURS, "unique": True}, 4, retries=100, duplicates_percent=25)
        assert sorted(set(made)) == ["blue", "green", "red"]

    def test_fail_above_what_is_tolerated(self) -> None:
        with pytest.raises(PermanentError, match="record 5"):
            values({**COLOURS, "unique": True}, 5, retries=100, duplicates_percent=20)

    def test_a_primary_key_is_one(self) -> None:
        with pytest.raises(PermanentError, match="no new value"):
            values({**COLOURS, "primary_key": True}, 4)

    def test_an_expression_is_looked_at_too(self) -> None:
        fields: list[dict[str, Any]] = [COLOURS, {"name": "e", "type": "expression", "expression": "v", "unique": True}]
        with pytest.raises(PermanentError, match=r"d\.e"):
            rows(dataset(*fields), 4)

    def test_others_may_repeat(self) -> None:
        assert len(values(COLOURS, 100)) == 100


class TestWholeRecords:
    PAIR = ({"name": "a", **COLOURS}, {"name": "b", "type": "boolean"})

    def test_differ_when_duplicates_are_not_allowed(self) -> None:
        made = rows(dataset(*self.PAIR, allow_duplicates=False, retries=1000), 6)
        assert len(set(made)) == 6

    def test_fail_when_they_cannot_differ(self) -> None:
        with pytest.raises(PermanentError, match=r"d\.record: record 7"):
            rows(dataset(*self.PAIR, allow_duplicates=False, retries=100), 7)

    def test_are_computed_anew_when_they_are_made_anew(self) -> None:
        computed = {"name": "e", "type": "expression", "expression": "a ~ b"}
        made = rows(dataset(*self.PAIR, computed, allow_duplicates=False, retries=1000), 6)
        assert all(row[2] == f"{row[0]}{row[1]}" for row in made)


class TestReferences:
    @pytest.fixture
    def keys(self) -> Iterator[dict[str, Keys]]:
        """Of the dataset ``other``: none yet."""
        with contextlib.closing(Keys()) as keys:
            yield {"other": keys}

    def test_take_the_keys_in_order_and_begin_again(self, keys: dict[str, Keys]) -> None:
        keys["other"].add([7])
        keys["other"].add([9])
        made = dataset({"type": "reference", "dataset": "other"})
        assert [row[0] for row in rows(made, 5, keys=keys)] == [7, 9, 7, 9, 7]

    def test_two_of_them_each_begin_with_the_first(self, keys: dict[str, Keys]) -> None:
        keys["other"].add([7, 9])
        made = dataset(*({"name": name, "type": "reference", "dataset": "other"} for name in "ab"))
        assert rows(made, 2, keys=keys) == [(7, 7), (9, 9)]

    def test_drawn_at_random_are_keys_too(self, keys: dict[str, Keys]) -> None:
        keys["other"].add(list(range(100)))
        made = dataset({"type": "reference", "dataset": "other", "order": "random"})
        drawn = [row[0] for row in rows(made, 300, keys=keys)]
        assert set(drawn) <= set(range(100))
        assert len(set(drawn)) > 80


class TestExpressions:
    def computed(self, expression: str, **more: Any) -> dict[str, Any]:
        return {"name": "e", "type": "expression", "expression": expression, **more}

    def test_see_the_fields_before_them_and_the_record_s_number(self) -> None:
        made = dataset({"name": "n", "type": "sequence", "start": 5}, self.computed("n ~ '/' ~ number"))
        assert rows(made, 2) == [(5, "5/1"), (6, "6/2")]

    def test_see_expressions_before_them(self) -> None:
        first = {"name": "f", "type": "expression", "expression": "number * 2", "result": "integer"}
        assert rows(dataset(first, self.computed("f + 1", result="number")), 1) == [(2, 3.0)]

    def test_that_name_what_is_not_there_fail_and_say_so(self) -> None:
        with pytest.raises(
            PermanentError, match=r"d\.e: the expression failed: 'nothing' is undefined|nothing is not given"
        ):
            rows(dataset(self.computed("nothing + 1")), 1)

    @pytest.mark.parametrize(
        ("expression", "result"),
        [("'a'", "integer"), ("'10000000000000000000'", "integer"), ("'nan'", "number"), ("'-inf'", "number")],
    )
    def test_that_give_another_type_fail_and_say_so(self, expression: str, result: str) -> None:
        with pytest.raises(PermanentError, match=rf"d\.e: .* is no {result}") as caught:
            rows(dataset(self.computed(expression, result=result)), 1)
        assert caught.value.code == "template"

    def test_are_null_as_often_as_the_dataset_wants_it_where_they_may_be(self) -> None:
        others = {"name": "n", "type": "expression", "expression": "number"}
        made = dataset(self.computed("number", nullable=True), others, null_percent=30)
        found = rows(made, 1000)
        assert 200 < sum(row[0] is None for row in found) < 400
        assert all(row[1] is not None for row in found)


class TestSeen:
    def test_remembers_in_a_file_what_is_too_much_for_memory(self) -> None:
        seen = Seen(in_memory=10)
        assert [seen.add(number % 30) for number in range(60)] == [True] * 30 + [False] * 30
        seen.close()

    def test_takes_a_number_and_its_text_for_two_values(self) -> None:
        seen = Seen()
        assert seen.add(1)
        assert seen.add("1")


class TestLargeRecords:
    def wide(self, elements: int) -> dict[str, Any]:
        inner = {"name": "i", "type": "string", "minimum_length": 1000, "maximum_length": 1000}
        return {"name": "a", "type": "array", "of": inner, "minimum_length": elements, "maximum_length": elements}

    def test_one_that_would_not_fit_into_memory_is_refused(self) -> None:
        row = {"name": "b", "type": "array", "of": self.wide(1000) | {"name": "i"}}
        with pytest.raises(pydantic.ValidationError, match="one record could have 5,000,000 characters"):
            Dataset.model_validate({"name": "d", "fields": [row]})

    def test_fewer_are_made_at_once(self) -> None:
        assert Dataset.model_validate({"name": "d", "fields": [self.wide(500)]}).block == 100
