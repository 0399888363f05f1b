"""The preview: every vector of every dialect as a request, and an error for whatever is no request."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.triggers.preview import MOST, answer, answer_line, written

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOON = {"quartz": "0 0 12 ? * MON-FRI", "timezone": "Europe/Berlin", "after": "2026-01-01T00:00:00Z", "count": 2}
VECTORS = Path(__file__).parents[2] / "vectors"
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "preview-schedule.md"


def vectors(name: str) -> pytest.MarkDecorator:
    rows = [json.loads(line) for line in (VECTORS / f"{name}.open.jsonl").read_text(encoding="utf-8").splitlines()]
    return pytest.mark.parametrize("row", rows, ids=[row["id"] for row in rows])


def fires(kind: str, what: object, row: dict[str, Any]) -> list[str] | None:
    """The next fire times of a vector, as many as it has or would have; None when it is refused."""
    after = {"after": row["after"]} if "after" in row else {}
    count = max(1, len(row.get("next", ()))) if row.get("truncated") else 8 if kind in ("quartz", "unix_cron") else 5
    found = answer({kind: what, "timezone": row.get("tz", "UTC"), "count": count, **after}, now=NOW)
    assert found.keys() in ({"next"}, {"error"})
    return found.get("next")  # type: ignore[return-value]  # a list of texts, as the vectors show


def error(request: object) -> str:
    found = answer(request, now=NOW)
    assert found.keys() == {"error"}
    return str(found["error"])


class TestVectors:
    @vectors("quartz")
    def test_quartz_fires_as_documented_and_what_it_takes_by_accident_is_refused(self, row: dict[str, Any]) -> None:
        found = fires("quartz", row["expr"], row)
        if "error" in row or row["category"].startswith("quirk"):
            assert found is None
        elif row["documented"] and row["next"]:
            assert found == row["next"]
        elif row["documented"]:
            assert found == [] or row["truncated"]

    @vectors("unixcron")
    def test_unix_cron_fires_as_debians_does(self, row: dict[str, Any]) -> None:
        found = fires("unix_cron", row["expr"], row)
        if row["vixie_agrees"]:
            assert found == row.get("next")
        elif "after" in row:
            assert found in (row.get("next"), (row.get("vixie") or {}).get("next"))

    @vectors("calendar")
    def test_a_calendar_fires_in_the_first_pass_and_in_no_gap(self, row: dict[str, Any]) -> None:
        assert fires("calendar", row["spec"], row) == row.get("next")

    @vectors("ms")
    def test_a_duration_is_milliseconds(self, row: dict[str, Any]) -> None:
        found = answer({"duration_ms": row["input"]}, now=NOW)
        assert found == {"milliseconds": pytest.approx(row["result"])} if row["valid"] else found.keys() == {"error"}

    @vectors("iso8601")
    def test_iso_8601_is_calendar_correct(self, row: dict[str, Any]) -> None:
        match row["kind"]:
            case "duration":
                found = answer({"iso8601_duration": row["input"]}, now=NOW)
                assert found == pytest.approx(row["normalized"]) if row["valid"] else found.keys() == {"error"}
            case "add":
                parts = {"start_local": row["start_local"], "timezone": row["tz"], "duration": row["duration"]}
                assert answer({"iso8601_add": parts}, now=NOW) == {"result": row["result"]}
            case "interval":
                found = answer({"iso8601_interval": row["input"], "timezone": row["tz"]}, now=NOW)
                assert found == {"start": row["start"], "end": row["end"]}
            case _:
                assert fires("iso8601", row["expr"], row) == row.get("next")


class TestRequests:
    def test_the_answer_has_the_next_fire_times(self) -> None:
        assert answer(NOON, now=NOW) == {"next": ["2026-01-01T11:00:00Z", "2026-01-02T11:00:00Z"]}

    def test_what_is_left_out_is_utc_now_and_eight(self) -> None:
        found = answer({"quartz": "0 0 12 * * ?"}, now=NOW)
        assert found == {"next": [f"2026-01-0{day}T12:00:00Z" for day in range(1, 9)]}

    def test_it_ends_with_the_last_fire(self) -> None:
        assert answer({"iso8601": "R2/2026-01-02/P1D"}, now=NOW) == {
            "next": ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]
        }
        assert answer({"iso8601": "R0/2026-01-02/P1D"}, now=NOW) == {"next": []}

    @pytest.mark.parametrize(
        ("request_", "found"),
        [
            ({"duration_ms": "1.5h"}, '{"milliseconds": 5400000}'),
            ({"duration_ms": 0.5}, '{"milliseconds": 0.5}'),
            ({"iso8601_duration": "P1DT2H"}, '{"years": 0, "months": 0, "seconds": 93600}'),
            ({"iso8601_duration": "-P0.5MT1.5S"}, None),
            ({"iso8601_duration": "PT0.1S"}, '{"years": 0, "months": 0, "seconds": 0.1}'),
            (
                {"iso8601_add": {"start_local": "2026-01-31T12:00", "duration": "P1M"}},
                '{"result": "2026-02-28T12:00:00Z"}',
            ),
            (
                {"iso8601_interval": "2026-01-01/P1D"},
                '{"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}',
            ),
        ],
    )
    def test_numbers_are_whole_when_they_can_be(self, request_: dict[str, Any], found: str | None) -> None:
        line = answer_line(json.dumps(request_), now=NOW)
        assert line == found if found else "error" in json.loads(line)

    @pytest.mark.parametrize(
        ("text", "fraction"),
        [("2026-01-01T00:00:00", ""), ("2026-01-01T00:00:00.5", ".500"), ("2026-01-01T00:00:00.0005", ".000500")],
    )
    def test_an_instant_has_a_fraction_only_when_there_is_one(self, text: str, fraction: str) -> None:
        assert written(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)) == f"2026-01-01T00:00:00{fraction}Z"


class TestReferencePage:
    def test_each_example_has_the_answer_that_stands_below_it(self) -> None:
        blocks = re.findall(r"```jsonl\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        assert len(lines) >= 20
        for request, expected in zip(lines[::2], lines[1::2], strict=True):
            assert json.loads(answer_line(request, now=NOW)) == json.loads(expected)


class TestErrors:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"timezone": "Mars/Olympus"}, "timezone: expected the name of an IANA time zone"),
            ({"timezone": "localtime"}, "timezone: expected the name"),
            ({"timezone": "Europe"}, "timezone: expected the name"),
            ({"timezone": "../UTC"}, "timezone: expected the name"),
            ({"timezone": None}, "timezone: expected the name"),
            ({"timezone": ["UTC"]}, "timezone: expected the name"),
            ({"after": "2026-01-01T00:00:00"}, "after: expected an instant with Z or an offset"),
            ({"after": "yesterday"}, "after: 'yesterday' is none: expected an ISO 8601 date"),
            ({"after": 5}, "after: expected an ISO 8601 date"),
            ({"after": None}, "after: expected an ISO 8601 date"),
            ({"after": "0001-01-01T00:00:00+01:00"}, "after: expected an instant of the years 2 to 9998"),
            ({"after": "9999-01-01T00:00:00Z"}, "after: expected an instant of the years 2 to 9998"),
            ({"count": 0}, "count: expected a whole number from 1 to 1000, not 0"),
            ({"count": MOST + 1}, "count: expected"),
            ({"count": True}, "count: expected"),
            ({"count": "8"}, "count: expected"),
            ({"count": 8.0}, "count: expected"),
            ({"zone": "UTC"}, "zone: is not known here: expected after, count, quartz, timezone"),
            ({"quartz": 5}, "quartz: expected text, not 5"),
            ({"quartz": None}, "quartz: expected text"),
            ({"unix_cron": "* * * * *"}, "request: expected one of the keys"),
        ],
    )
    def test_a_request_with_one_thing_wrong_names_it(self, change: dict[str, Any], message: str) -> None:
        assert error({**NOON, **change}).startswith(message)

    @pytest.mark.parametrize("request_", [None, [], "quartz", 5, {}, {"timezone": "UTC"}, [NOON]])
    def test_a_request_is_an_object_with_one_question(self, request_: object) -> None:
        assert error(request_).startswith("request: expected")
        assert "iso8601_interval" in error(request_)

    @pytest.mark.parametrize(
        ("request_", "field"),
        [
            ({"iso8601": 5}, "iso8601"),
            ({"iso8601_add": "P1D"}, "iso8601_add"),
            ({"iso8601_add": {"start_local": "2026-01-01"}}, "iso8601_add"),
            ({"iso8601_add": {"start_local": "2026-01-01", "duration": "P1D", "zone": "UTC"}}, "iso8601_add.zone"),
            (
                {"iso8601_add": {"start_local": "2026-01-01", "duration": "P1D", "timezone": "X"}},
                "iso8601_add.timezone",
            ),
            ({"iso8601_add": {"start_local": "2026-01-01", "duration": "P1D"}, "timezone": "UTC"}, "timezone"),
            ({"iso8601_interval": "P1D"}, "iso8601_interval"),
            ({"iso8601_duration": None}, "iso8601_duration"),
            ({"duration_ms": None}, "duration_ms"),
            ({"duration_ms": True}, "duration_ms"),
            ({"duration_ms": 10**400}, "duration_ms"),
        ],
    )
    def test_the_field_at_fault_is_named(self, request_: dict[str, Any], field: str) -> None:
        assert error(request_).startswith(f"{field}: ")

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "quartz",
            "[" * 100_000,
            b"\xff",
            '{"count": NaN}',
            '{"a": 1, "a": 2}',
            '{"duration_ms": ' + "9" * 5000 + "}",
            b"\xef\xbb\xbf{}",
        ],
    )
    def test_a_line_that_is_no_json_is_told_so(self, line: str | bytes) -> None:
        assert json.loads(answer_line(line, now=NOW))["error"].startswith(
            "expected one JSON object in UTF-8 on each line: "
        )

    def test_half_of_a_character_is_answered_in_ascii(self) -> None:
        assert answer_line('{"quartz": "\\ud800", "timezone": "\\ud800"}', now=NOW).isascii()


KINDS = [
    "quartz",
    "unix_cron",
    "iso8601",
    "calendar",
    "duration_ms",
    "iso8601_duration",
    "iso8601_add",
    "iso8601_interval",
]
TEXTS = st.text(max_size=20) | st.text("0123456789*/,-LW#?PTYMDRZ: +.", max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


class TestAnything:
    @given(
        st.sampled_from(KINDS),
        JSON,
        st.dictionaries(st.sampled_from(["timezone", "after", "count", "x"]), JSON, max_size=2),
    )
    def test_whatever_is_asked_has_one_line_as_its_answer(
        self, kind: str, what: object, options: dict[str, object]
    ) -> None:
        line = answer_line(json.dumps({kind: what, **options}), now=NOW)
        assert "\n" not in line
        assert isinstance(json.loads(line), dict)
