"""A schedule's form and its document: what one says, the other says."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.http import QueryDict

from jobs.errors import FieldError, ValidationError
from scheduler.documents import parse_schedule
from ui.scheduling.documents import document_of, new_tree, tree_of
from ui.scheduling.draft_form import DraftForm
from ui.scheduling.drafts import do, tree_sent
from ui.scheduling.trigger_parts import KINDS

TRIGGERS: list[dict[str, Any]] = [
    {"type": "job", "jobs": ["task:a", "spark:b"], "run_if": "all_done", "delay": "5m"},
    {"type": "job", "jobs": ["task:a"], "results": ["failed"], "enabled": False},
    {"type": "cron", "expression": "0 0 9 ? * MON-FRI"},
    {"type": "cron", "value": "0 18 * * 5"},
    {"type": "interval", "start": "2026-01-31T09:00:00", "interval": 1, "unit": "months"},
    {"type": "every", "every": "6h", "offset": "5m"},
    {"type": "iso8601", "expression": "R5/2026-01-01T00:00:00Z/PT1H"},
    {
        "type": "calendar",
        "calendars": [{"hour": {"start": 9, "end": 17}, "dayOfWeek": ["MONDAY", 3], "comment": "office hours"}, {}],
        "intervals": [{"every": 86400, "offset": 3600}],
        "skip": [{"month": "DECEMBER", "dayOfMonth": 25, "hour": "*", "minute": {"start": 0, "end": 59, "step": 15}}],
    },
    {"type": "once", "at": "2030-06-01T12:00:00Z"},
    {"type": "random", "minimum": 600000, "maximum": "1h", "seed": 7},
    {"type": "frequency", "frequency": "weekly", "interval": "2", "start_date": "2026-01-05T08:00:00"},
    {"type": "frequency", "cron": "0 8 * * *"},
]
WHOLE: dict[str, Any] = {
    "name": "nightly",
    "timezone": "Europe/Berlin",
    "triggers": TRIGGERS,
    "exclusions": [
        {"kind": "holidays", "country": "DE", "subdivision": "BE"},
        {"kind": "weekly", "from": "Saturday 22:00", "to": "Sunday 06:00", "comment": "maintenance"},
        {"kind": "daily", "from": "22:00", "to": "06:00"},
        {"kind": "blackout", "start": "2026-12-24", "end": "2027-01-01"},
        {"kind": "dates", "dates": ["2026-12-24", "2026-12-31"]},
    ],
    "start_date": "2026-01-01",
    "end_date": "2030-12-31",
    "jitter": 300000,
    "actions": 12,
    "parameters": {"kind": "daily", "numbers": [1, 2]},
    "notes": "why",
    "misfire": {"policy": "all", "most": 7},
    "overlap": "buffer_one",
    "pause_on_failure": True,
    "dst": {"gap": "skip", "overlap": "both"},
}


def sent(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree as a browser sends it back: checks that are not set are left out."""
    form = DraftForm(tree)
    data = QueryDict(mutable=True)
    for bound in form:
        if bound.field.widget.input_type != "checkbox" if hasattr(bound.field.widget, "input_type") else True:
            data[bound.html_name] = "" if bound.value() is None else str(bound.value())
        elif bound.value():
            data[bound.html_name] = "on"
    return tree_sent(data)


class TestRoundTrip:
    def test_a_document_that_is_not_touched_stays_as_it_was_written(self) -> None:
        assert document_of(sent(tree_of(WHOLE)), saved=copy.deepcopy(WHOLE)) == WHOLE

    def test_without_the_saved_one_it_means_the_same(self) -> None:
        again = parse_schedule(document_of(sent(tree_of(WHOLE)))).to_dict()
        meant = parse_schedule(WHOLE).to_dict()
        for each in again["triggers"], meant["triggers"]:
            each[0] = each[4] = each[9] = each[10] = None  # said in another way: run_if, a unit, numbers as text
        again["jitter"] = meant["jitter"]
        assert again == meant

    def test_what_is_changed_is_changed_alone(self) -> None:
        tree = sent(tree_of(WHOLE))
        tree["triggers"][2]["expression"] = "0 0 10 ? * MON-FRI"
        tree["overlap"] = "skip"
        said = document_of(tree, saved=WHOLE)
        assert said.pop("overlap", "skip") == "skip"
        assert said["triggers"][2] == {"type": "cron", "expression": "0 0 10 ? * MON-FRI"}
        rest = {name: value for name, value in WHOLE.items() if name != "overlap"}
        assert said == rest | {"triggers": [*TRIGGERS[:2], said["triggers"][2], *TRIGGERS[3:]]}

    def test_what_is_emptied_goes(self) -> None:
        tree = sent(tree_of(WHOLE))
        tree |= {"timezone": "", "actions": "", "parameters": "", "exclusions": [], "start_date": " "}
        tree["dst"] = {"gap": "", "overlap": ""}
        said = document_of(tree, saved=WHOLE)
        assert not {"timezone", "actions", "parameters", "start_date", "dst"} & said.keys()
        assert said["exclusions"] == []

    def test_a_trigger_that_was_taken_out_does_not_change_the_others(self) -> None:
        tree = sent(tree_of(WHOLE))
        do(tree, "remove:triggers.0")
        assert document_of(tree, saved=WHOLE)["triggers"] == TRIGGERS[1:]

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_new_one_of_each_kind_begins_with_what_its_form_shows(self, kind: str) -> None:
        tree = new_tree(kind)
        assert document_of(sent(tree))["triggers"][0]["type"] == kind


class TestNew:
    def test_says_no_more_than_what_was_typed(self) -> None:
        tree = sent(new_tree("cron"))
        tree["triggers"][0]["expression"] = "0 9 * * *"
        assert document_of(tree) == {"triggers": [{"type": "cron", "expression": "0 9 * * *"}]}

    def test_a_check_that_is_taken_away_is_said(self) -> None:
        tree = sent(new_tree("once"))
        tree["triggers"][0] |= {"at": "2030-01-01T00:00", "enabled": ""}
        tree["enabled"] = ""
        said = document_of(tree)
        assert said["enabled"] is False
        assert said["triggers"] == [{"type": "once", "at": "2030-01-01T00:00", "enabled": False}]

    def test_parameters_that_are_no_json_are_refused_at_their_field(self) -> None:
        with pytest.raises(ValidationError) as refused:
            document_of(sent(new_tree() | {"parameters": "{a: 1}"}))
        assert [error.field for error in refused.value.errors] == ["parameters"]


class TestRows:
    def test_another_trigger_of_a_kind_is_added_and_taken_out(self) -> None:
        tree = sent(new_tree())
        do(tree, "add:triggers:once")
        assert [row["type"] for row in tree["triggers"]] == ["cron", "once"]
        do(tree, "remove:triggers.0")
        assert [row["type"] for row in tree["triggers"]] == ["once"]

    def test_rows_within_a_trigger(self) -> None:
        tree = new_tree("calendar")
        do(tree, "add:triggers.0.skip")
        do(tree, "add:triggers.0.calendars")
        assert (len(tree["triggers"][0]["calendars"]), len(tree["triggers"][0]["skip"])) == (2, 1)
        do(tree, "remove:triggers.0.calendars.0")
        assert len(tree["triggers"][0]["calendars"]) == 1

    @pytest.mark.parametrize(
        "order",
        [
            "",
            "add",
            "add:",
            "add:name",
            "add:triggers.9.jobs",
            "add:triggers.0.nothing",
            "add:a.b.c",
            "remove:",
            "drop:x",
            "remove:triggers",
            "remove:triggers.9",
            "remove:name.0",
            "remove:triggers.x",
            "remove:triggers.0.type.0",
        ],
    )
    def test_a_forged_order_does_nothing(self, order: str) -> None:
        tree = new_tree()
        before = copy.deepcopy(tree)
        do(tree, order)
        assert tree == before

    def test_a_kind_that_is_changed_begins_anew_and_keeps_what_both_have(self) -> None:
        data = QueryDict(
            "triggers__0__type=interval&triggers__0__interval=3&triggers__0__frequency=daily", mutable=True
        )
        (row,) = tree_sent(data)["triggers"]
        assert (row["interval"], row["unit"]) == ("3", "day")
        assert "frequency" not in row

    def test_a_calendar_whose_calendars_were_taken_out_gets_none_back(self) -> None:
        data = QueryDict("triggers__0__type=calendar&triggers__0__intervals__0__every=60")
        assert document_of(tree_sent(data))["triggers"] == [
            {"type": "calendar", "intervals": [{"every": 60}], "enabled": False}
        ]

    @pytest.mark.parametrize(
        "query",
        [
            "triggers=x",
            "triggers__0=x",
            "triggers__a__type=cron",
            "name__0=x",
            "misfire=x",
            "__=x",
            f"triggers__{'9' * 5000}__type=cron",
            "triggers__0__jobs__0__a=x",
        ],
    )
    def test_forged_names_break_nothing(self, query: str) -> None:
        tree = tree_sent(QueryDict(query))
        DraftForm(tree)
        document_of(tree)


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "name", "message"),
        [
            ("triggers.0.expression", "triggers__0__expression", "wrong"),
            ("triggers.1.calendars.0.hour.start", "triggers__1__calendars__0__hour", "start: wrong"),
            ("triggers.2.jobs", "triggers__2__jobs__0", "wrong"),
            ("triggers.0", "triggers__0__expression", "wrong"),
            ("misfire.grace", "misfire__grace", "wrong"),
            ("exclusions.0.dates.1", "exclusions__0__dates", "1: wrong"),
        ],
    )
    def test_each_stands_beside_its_field(self, path: str, name: str, message: str) -> None:
        tree = new_tree() | {"exclusions": []}
        for order in ("add:triggers:calendar", "add:triggers:job", "add:exclusions:dates"):
            do(tree, order)
        form = DraftForm(tree)
        form.place([FieldError(path, "wrong")])
        assert form.errors == {name: [message]}

    def test_what_belongs_to_no_field_stands_above_the_form(self) -> None:
        form = DraftForm(new_tree())
        form.place([FieldError("payload.0", "wrong"), FieldError("", "odd")])
        assert form.non_field_errors() == ["payload.0: wrong", "odd"]
