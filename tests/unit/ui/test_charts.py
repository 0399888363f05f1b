"""Charts as they are drawn."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from ui.charts import Column, Line, Part, Stacked, round_up


@pytest.mark.parametrize(("value", "rounded"), [(0, 1), (1, 1), (3, 5), (11, 20), (50, 50), (51, 100), (999, 1000)])
def test_the_upper_line_is_a_round_number_that_is_not_below(value: float, rounded: float) -> None:
    assert round_up(value) == rounded


class TestStacked:
    COLUMNS = (
        Column("10:00", [Part("green", 6, "completed"), Part("red", 2, "failed")], "/runs/"),
        Column("11:00", [Part("green", 0, "completed"), Part("red", 0, "failed")]),
    )

    def test_parts_stand_upon_each_other(self) -> None:
        chart = Stacked("runs", self.COLUMNS, width=100, height=100)
        green, red = chart.bars[0].rects
        assert (green.height, green.y) == (60, 40)
        assert (red.height, red.y) == (20, 20)
        assert (green.x, green.width) == (red.x, red.width)

    def test_what_there_is_none_of_is_not_drawn(self) -> None:
        assert Stacked("runs", self.COLUMNS).bars[1].rects == []

    def test_a_column_says_what_it_stands_for_and_leads_there(self) -> None:
        first, second = Stacked("runs", self.COLUMNS).bars
        assert (first.title, first.address) == ("10:00: 6 completed, 2 failed", "/runs/")
        assert (second.title, second.address) == ("11:00: 0", "")

    def test_one_among_many_is_seen(self) -> None:
        column = Column("10:00", [Part("green", 10_000, "completed"), Part("red", 1, "failed")])
        assert Stacked("runs", [column]).bars[0].rects[1].height == 1

    def test_the_legend_has_the_sums(self) -> None:
        legend = Stacked("runs", self.COLUMNS).legend
        assert [(each.tone, each.total) for each in legend] == [("green", 6), ("red", 2)]

    def test_nothing_at_all_is_drawn_too(self) -> None:
        chart = Stacked("runs", [])
        assert (chart.bars, chart.top, chart.is_empty) == ([], 1, True)


def test_a_line_leaves_out_what_is_not_known() -> None:
    assert Line("lateness", [0, None, 5], width=100, height=50).points == "0.0,50.0 100.0,0.0"


def test_a_line_through_one_value_is_drawn() -> None:
    assert Line("lateness", [5], width=100, height=50).points == "0.0,0.0"


def test_numbers_of_a_drawing_have_points_in_every_language() -> None:
    chart = Stacked("runs", [Column(str(n), [Part("green", 1, "completed")]) for n in range(7)])
    with translation.override("de"):
        page = render_to_string("ui/components/stacked.html", {"chart": chart})
    assert 'x="68.57"' in page
    assert "68,57" not in page
