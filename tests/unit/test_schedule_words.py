"""How the admin says when, and where in a text something is wrong."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from jobs.yaml_text import line_of
from scheduler.admin.words import absolute, moment, relative

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TEXT = """\
name: nightly
triggers:
  - type: cron
    expression: x
  - {type: every, every: 5s}

overlap: skip
"""


class TestRelative:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0, "now"),
            (0.9, "now"),
            (-0.9, "now"),
            (3360, "in 56 m 0 s"),
            (-250, "4 m 10 s ago"),
            (90_000, "in 1 d 1 h"),
        ],
    )
    def test_it_says_how_far_away_a_time_is(self, seconds: float, words: str) -> None:
        assert relative(NOW + dt.timedelta(seconds=seconds), now=NOW) == words


class TestAbsolute:
    def test_it_is_on_the_clock_of_the_zone(self) -> None:
        assert absolute(NOW, zone=BERLIN) == "Sat 2026-11-21 13:00 CET"

    def test_seconds_are_shown_where_there_are_some_or_where_they_are_asked_for(self) -> None:
        later = NOW + dt.timedelta(seconds=5)
        assert absolute(later, zone=BERLIN) == "Sat 2026-11-21 13:00:05 CET"
        assert absolute(NOW, zone=BERLIN, seconds=True) == "Sat 2026-11-21 13:00:00 CET"
        assert absolute(later, zone=BERLIN, seconds=False) == "Sat 2026-11-21 13:00 CET"


class TestMoment:
    def test_it_has_the_fire_time_and_how_far_away_it_is_acted_upon(self) -> None:
        text = moment(NOW + dt.timedelta(seconds=30), fire_at=NOW, zone=BERLIN, now=NOW)
        assert ("in 30 s" in text, "Sat 2026-11-21 13:00 CET" in text, 'title="2026-11-21 12:00:30 UTC"' in text) == (
            True,
            True,
            True,
        )

    @pytest.mark.parametrize(("seconds", "late"), [(1.9, False), (2, True)])
    def test_what_is_overdue_is_late_and_what_a_beat_may_take_is_not(self, seconds: float, late: bool) -> None:
        text = moment(NOW - dt.timedelta(seconds=seconds), fire_at=NOW, zone=BERLIN, now=NOW)
        assert ("late" in text) == late


class TestLineOf:
    @pytest.mark.parametrize(
        ("field", "line"),
        [
            ("name", 1),
            ("triggers", 2),
            ("triggers.0", 3),
            ("triggers.0.expression", 4),
            ("triggers.1.every", 5),
            ("overlap", 7),
            ("triggers.0.timezone", 3),
            ("triggers.7", 2),
            ("name.first", 1),
            ("jitter", 1),
            ("", 1),
        ],
    )
    def test_it_is_where_the_field_stands_or_what_it_would_stand_in(self, field: str, line: int) -> None:
        assert line_of(TEXT, field) == line

    def test_in_json_too(self) -> None:
        assert line_of('{\n "a": 1,\n "b": [\n  {"c": 2}]}', "b.0.c") == 4

    @pytest.mark.parametrize("text", ["", "{", "a: [\t"])
    def test_what_cannot_be_read_has_no_lines(self, text: str) -> None:
        assert line_of(text, "a") is None
