"""What each field type makes."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.generate.making import NOW, dataset, rows, values
from workers.generate import parts
from workers.generate.layout import layout_of
from workers.generate.locales import locales
from workers.generate.sources import ALPHABETS
from workers.generate.values import Type

NAMED = {
    "address": parts.ADDRESS,
    "person": parts.PERSON,
    "company": parts.COMPANY,
    "finance": parts.FINANCE,
    "network": parts.NETWORK,
    "identity": parts.IDENTITY,
    "text": parts.TEXT,
}
PARTS = [(kind, part) for kind, known in NAMED.items() for part in known]
THE_LOCALE_S_OWN = {"currency_code", "currency_symbol"}
PYTHON = {Type.TEXT: str, Type.INTEGER: int, Type.NUMBER: float, Type.DATE: dt.date}


@pytest.mark.parametrize(("kind", "part"), PARTS)
class TestEachPart:
    def test_is_of_the_type_that_its_layout_promises(self, kind: str, part: str) -> None:
        made = dataset({"type": kind, "part": part})
        (column,) = layout_of(made, {}).columns
        assert {type(row[0]) for row in rows(made, 50)} == {PYTHON[column.type]}

    def test_is_the_same_for_the_same_seed_and_other_for_another(self, kind: str, part: str) -> None:
        field = {"type": kind, "part": part}
        assert values(field, 50, seed=7) == values(field, 50, seed=7)
        assert (values(field, 50, seed=7) != values(field, 50, seed=8)) is (part not in THE_LOCALE_S_OWN)


class TestLocales:
    @pytest.mark.parametrize("locale", locales())
    def test_every_locale_has_people_and_places(self, locale: str) -> None:
        fields: list[dict[str, Any]] = [
            {"name": "a", "type": "person"},
            {"name": "b", "type": "address", "part": "city"},
        ]
        assert all(all(row) for row in rows(dataset(*fields, locale=locale), 3))

    def test_a_locale_has_names_of_its_own(self) -> None:
        russian = "".join(values({"type": "person"}, 20, locale="ru"))
        assert re.search("[\N{CYRILLIC SMALL LETTER A}-\N{CYRILLIC SMALL LETTER YA}]", russian)
        assert not re.search("[A-Za-z]", russian)

    def test_accounts_are_of_the_locale_s_country(self) -> None:
        assert {value[:2] for value in values({"type": "finance", "part": "iban"}, 20, locale="de")} == {"DE"}


class TestNumbers:
    def test_whole_numbers_reach_both_ends(self) -> None:
        assert set(values({"type": "integer", "minimum": -1, "maximum": 1})) == {-1, 0, 1}

    def test_numbers_stay_between_their_ends_and_have_their_digits(self) -> None:
        made = values({"type": "number", "minimum": 2, "maximum": 3, "digits": 1})
        assert set(made) == {round(2 + n / 10, 1) for n in range(11)}

    def test_decimals_are_exact(self) -> None:
        made = values({"type": "decimal", "minimum": 0, "maximum": 1, "scale": 1}, 500)
        assert set(made) == {Decimal(n) / 10 for n in range(11)}

    def test_booleans_are_true_so_often(self) -> None:
        assert 60 < sum(values({"type": "boolean", "true_percent": 10}, 1000)) < 140

    def test_an_age_is_within_its_bounds(self) -> None:
        assert set(values({"type": "person", "part": "age", "minimum": 20, "maximum": 21})) == {20, 21}

    def test_a_price_is_within_its_bounds(self) -> None:
        made = values({"type": "finance", "part": "price", "minimum": 1, "maximum": 2})
        assert all(1 <= price <= 2 and round(price, 2) == price for price in made)

    def test_a_sequence_goes_on_through_all_blocks(self) -> None:
        assert values({"type": "sequence", "start": 10, "step": -2}, 2500) == list(range(10, -4990, -2))


class TestTexts:
    @pytest.mark.parametrize("characters", sorted(ALPHABETS))
    def test_strings_have_their_characters_and_length(self, characters: str) -> None:
        made = values({"type": "string", "characters": characters, "minimum_length": 2, "maximum_length": 4})
        assert {len(text) for text in made} == {2, 3, 4}
        assert set("".join(made)) <= set(ALPHABETS[characters])

    def test_a_mask_has_digits_and_letters_in_its_places(self) -> None:
        assert all(re.fullmatch("[A-Z]{2}-[0-9]{3}!", text) for text in values({"type": "mask", "mask": "??-###!"}))

    def test_so_many_words_make_one_text(self) -> None:
        words = set(values({"type": "text", "part": "word"}, 3000))
        (text,) = values({"type": "text", "part": "word", "count": 4}, 1)
        assert any(" ".join(text.split()[at:]) in words or text.split()[at] in words for at in range(4))
        assert len(text.split()) >= 4

    @pytest.mark.parametrize(
        ("case", "expected"),
        [
            ("upper", "BIG APPLE-PIE"),
            ("lower", "big apple-pie"),
            ("capitalize", "Big apple-pie"),
            ("title", "Big Apple-Pie"),
            ("snake", "big_apple_pie"),
            ("camel", "bigApplePie"),
        ],
    )
    def test_letters_are_changed(self, case: str, expected: str) -> None:
        assert values({"type": "regex", "pattern": "big Apple-pie", "case": case}, 1) == [expected]

    def test_a_uuid_is_a_random_one(self) -> None:
        made = values({"type": "identity"})
        assert {uuid.UUID(text).version for text in made} == {4}
        assert len(set(made)) == 200

    def test_addresses_of_the_internet_are_valid(self) -> None:
        assert all(ipaddress.IPv4Address(text) for text in values({"type": "network", "part": "ipv4"}))
        assert all(ipaddress.IPv6Address(text) for text in values({"type": "network", "part": "ipv6"}))


class TestTimes:
    def test_the_past_is_before_the_run_and_the_future_after_it(self) -> None:
        day = dt.timedelta(days=1)
        past = values({"type": "datetime", "within_days": 1})
        future = values({"type": "datetime", "within_days": 1, "when": "future"})
        assert all(NOW - day <= moment < NOW for moment in past)
        assert all(NOW <= moment < NOW + day for moment in future)

    def test_dates_lie_from_the_start_to_before_the_end(self) -> None:
        ends = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-03T00:00:00Z"}
        made = values({"type": "datetime", "part": "date", **ends})
        assert set(made) == {dt.date(2026, 1, 1), dt.date(2026, 1, 2)}

    def test_times_have_no_date(self) -> None:
        assert {type(value) for value in values({"type": "datetime", "part": "time"})} == {dt.time}


class TestChoices:
    def test_every_value_is_chosen(self) -> None:
        assert set(values({"type": "choice", "values": [1, 2.5]})) == {1, 2.5}

    def test_a_weight_of_nothing_is_never_chosen(self) -> None:
        assert set(values({"type": "choice", "values": ["a", "b"], "weights": [0, 1]})) == {"b"}

    def test_mixed_values_become_text_so_that_a_column_has_one_type(self) -> None:
        assert set(values({"type": "choice", "values": ["a", 1]})) == {"a", "1"}

    def test_a_constant_stays(self) -> None:
        assert set(values({"type": "constant", "value": False})) == {False}


class TestContainers:
    def test_an_array_has_so_many_values(self) -> None:
        field = {"type": "array", "minimum_length": 0, "maximum_length": 2}
        made = values(field | {"of": {"name": "x", "type": "integer", "maximum": 3}})
        assert {len(value) for value in made} == {0, 1, 2}
        assert {number for value in made for number in value} == {0, 1, 2, 3}

    def test_an_object_has_its_fields(self) -> None:
        inner = [{"name": "a", "type": "sequence"}, {"name": "b", "type": "constant", "value": "x"}]
        assert values({"type": "nested", "fields": inner}, 2) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]

    def test_fields_of_an_object_do_not_follow_each_other(self) -> None:
        inner = [{"name": name, "type": "integer"} for name in "ab"]
        assert any(value["a"] != value["b"] for value in values({"type": "nested", "fields": inner}))
