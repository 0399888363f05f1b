"""What a schema contract makes of columns that differ, and how far back a cursor's lag goes."""

from __future__ import annotations

import datetime as dt
import decimal

import pytest

from jobs.errors import PermanentError
from workers.ingest.columns import Column
from workers.ingest.contract import Changes, changes
from workers.ingest.state import Reached, initial

ID, NOTE = Column("id", "BIGINT"), Column("note", "VARCHAR")
TYPES = {"id": "bigint", "note": "text"}


def compared(contract: str, existing: dict[str, str] | None, *, is_new: bool = False) -> Changes:
    return changes(incoming=[ID, NOTE], types=TYPES, existing=existing, contract=contract, is_new=is_new)


class TestContract:
    @pytest.mark.parametrize("contract", ["evolve", "freeze", "discard_row"])
    def test_without_a_table_there_is_nothing_to_keep_to(self, contract: str) -> None:
        assert compared(contract, None) == Changes([], [], ["made the table"])

    @pytest.mark.parametrize("contract", ["evolve", "freeze", "discard_row"])
    def test_the_same_columns_change_nothing(self, contract: str) -> None:
        assert compared(contract, {"note": "text", "id": "bigint", "more": "date"}) == Changes([], [], [])

    def test_evolve_adds_what_is_new(self) -> None:
        assert compared("evolve", {"id": "bigint"}) == Changes([NOTE], [], ["added column note (text)"])

    def test_discard_row_leaves_it_out(self) -> None:
        assert compared("discard_row", {"id": "bigint"}) == Changes([], ["note"], [])

    def test_a_new_table_tells_how_it_differs_from_the_old_one(self) -> None:
        told = compared("evolve", {"id": "integer", "old": "date"}, is_new=True)
        assert told.add == []
        assert told.told == ["added column note (text)", "removed column old", "column id is bigint instead of integer"]

    def test_freeze_lets_no_new_table_differ(self) -> None:
        with pytest.raises(PermanentError) as caught:
            compared("freeze", {"id": "integer", "old": "date"}, is_new=True)
        for words in ("no column note", "the source has no column old", "the type of id is another"):
            assert words in str(caught.value)


class TestLag:
    @pytest.mark.parametrize(
        ("reached", "lag", "expected"),
        [
            (Reached("BIGINT", "100"), 30, Reached("BIGINT", "70")),
            (Reached("DOUBLE", "1.5"), 0.5, Reached("DOUBLE", "1.0")),
            (Reached("TIMESTAMP", "2026-03-01 00:00:00"), 3600, Reached("TIMESTAMP", "2026-02-28 23:00:00")),
            (Reached("DATE", "2026-03-01"), 86400, Reached("TIMESTAMP", "2026-02-28 00:00:00")),
            (Reached("VARCHAR", "abc"), 0, Reached("VARCHAR", "abc")),
        ],
    )
    def test_it_is_taken_off_in_the_columns_own_unit(self, reached: Reached, lag: float, expected: Reached) -> None:
        assert reached.before(lag) == expected

    def test_a_type_that_a_destination_made_up_is_text_and_no_sql(self) -> None:
        made_up = "DECIMAL(9,2)) * length((SELECT content FROM read_text('/etc/hostname'))) + CAST(1 AS DECIMAL(9,2)"
        reached = Reached.from_json({"type": made_up, "value": "1"})
        assert reached == Reached("VARCHAR", "1")
        with pytest.raises(PermanentError, match="has no distance"):
            Reached(made_up, "1").before(1)

    @pytest.mark.parametrize("data", ["2001-01-05", [], {"type": "BIGINT"}, {"type": "BIGINT", "value": 7}])
    def test_what_no_load_has_written_is_no_cursor(self, data: object) -> None:
        with pytest.raises(PermanentError, match="is no cursor: reset the state"):
            Reached.from_json(data)

    def test_text_has_no_distance(self) -> None:
        with pytest.raises(PermanentError, match="a column of type varchar has no distance"):
            Reached("VARCHAR", "abc").before(1)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("7", 7),
            ("7.5", 7.5),
            ("2026-03-01", dt.date(2026, 3, 1)),
            ("2026-03-01T12:00:00Z", dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)),
            ("2026-03-01 12:00", dt.datetime(2026, 3, 1, 12)),  # noqa: DTZ001 - a time without a zone
            ("abc", "abc"),
        ],
    )
    def test_where_it_begins_is_read_as_what_it_looks_like(self, text: str, expected: object) -> None:
        assert initial(text).to_python() == expected

    def test_a_value_outlives_json(self) -> None:
        reached = Reached("DECIMAL(10,2)", "12.30")
        assert Reached.from_json(reached.to_json()) == reached
        assert reached.to_python() == decimal.Decimal("12.30")
        assert Reached.from_json(None) is None
