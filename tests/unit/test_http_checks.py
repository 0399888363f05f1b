"""Checks of an answer and values taken out of it."""

from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest

from jobs.documents import field_errors
from jobs.errors import PermanentError, TransientError
from workers.masking import Masker
from workers.payloads.http.checks import verify
from workers.payloads.http.extraction import extract
from workers.payloads.http.parameters import HttpParameters
from workers.payloads.http.places import Reading

BODY = {"state": "done", "count": 3, "flags": [True, True], "price": "12.50", "nothing": None, "echo": "s3cr3t-value"}


def parameters(**given: Any) -> HttpParameters:
    return HttpParameters.model_validate({"url": "https://example.com/", **given})


def reading(body: Any = BODY, *, truncated: bool = False, **headers: str) -> Reading:
    kept = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reading(named, kept, truncated, Masker(["s3cr3t-value"]))


def refusal(**given: Any) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        parameters(**given)
    (error,) = field_errors(caught.value)
    return f"{error.field}: {error.message}"


HOLDS = [
    {"json_path": "$.state", "equals": "done"},
    {"json_path": "$.state", "not_equals": "open"},
    {"json_path": "$.state", "one_of": ["done", "closed"]},
    {"json_path": "$.state", "matches": "^d"},
    {"json_path": "$.count", "at_least": 3, "at_most": 3},
    {"json_path": "$.price", "equals": 12.5},
    {"json_path": "$.price", "at_most": 12.5},
    {"json_path": "$.flags[*]", "equals": True},
    {"json_path": "$.nothing", "equals": None},
    {"json_path": "$.nothing"},
    {"json_path": "$.error", "exists": False},
    {"header": "X-Version", "equals": 2},
    {"header": "x-other", "exists": False},
    {"pattern": '"count": ([0-9]+)', "at_least": 1},
    {"matches": "done"},
]
FAILS = [
    ({"json_path": "$.state", "equals": "open"}, "$.state: expected equals 'open', found 'done'"),
    ({"json_path": "$.state", "not_equals": "done"}, "$.state: expected not equals 'done', found 'done'"),
    ({"json_path": "$.state", "one_of": ["a"]}, "$.state: expected one of ['a'], found 'done'"),
    ({"json_path": "$.state", "matches": "^x"}, "$.state: expected matches '^x', found 'done'"),
    ({"json_path": "$.count", "at_least": 4}, "$.count: expected at least 4.0, found 3"),
    ({"json_path": "$.count", "at_most": 2}, "$.count: expected at most 2.0, found 3"),
    ({"json_path": "$.count", "equals": True}, "$.count: expected equals True, found 3"),
    ({"json_path": "$.flags[*]", "equals": 1}, "$.flags[*]: expected equals 1, found True"),
    ({"json_path": "$.error"}, "$.error: there is none"),
    ({"json_path": "$.state", "exists": False}, "$.state: expected none, found 'done'"),
    ({"header": "x-other"}, "header x-other: there is none"),
    ({"json_path": "$.echo", "equals": "x"}, "$.echo: expected equals 'x', found '***'"),
]


class TestChecks:
    @pytest.mark.parametrize("check", HOLDS)
    def test_what_holds_passes(self, check: dict[str, Any]) -> None:
        verify(checks=parameters(check=[check]).check, reading=reading(x_version="2"))

    @pytest.mark.parametrize(("check", "message"), FAILS)
    def test_what_does_not_is_final_and_says_what_was_found(self, check: dict[str, Any], message: str) -> None:
        with pytest.raises(PermanentError) as caught:
            verify(checks=parameters(check=[{"json_path": "$.state"}, check]).check, reading=reading())
        assert str(caught.value) == f"check.1: {message}"
        assert (caught.value.code, caught.value.details) == ("check", {"check": 1})

    def test_each_of_several_values_must_fit(self) -> None:
        check = parameters(check=[{"json_path": "$[*]", "at_most": 2}]).check
        verify(checks=check, reading=reading([1, 2]))
        with pytest.raises(PermanentError, match="found 3"):
            verify(checks=check, reading=reading([1, 3, 2]))

    def test_one_may_be_worth_another_attempt(self) -> None:
        check = {"json_path": "$.state", "equals": "open", "retry": True}
        with pytest.raises(TransientError) as caught:
            verify(checks=parameters(check=[check]).check, reading=reading())
        assert caught.value.code == "check"

    @pytest.mark.parametrize(
        ("body", "truncated", "why"),
        [(b"<html>", False, "no JSON"), (b'{"state": "done"}', True, "not kept whole")],
    )
    def test_a_path_needs_a_whole_body_of_json(self, body: bytes, truncated: bool, why: str) -> None:
        with pytest.raises(PermanentError, match=why):
            verify(
                checks=parameters(check=[{"json_path": "$.state"}]).check, reading=reading(body, truncated=truncated)
            )

    @pytest.mark.parametrize(
        ("check", "said"),
        [
            ({}, "say what must hold"),
            ({"exists": False}, "exists needs a place"),
            ({"json_path": "$.a", "exists": False, "equals": 1}, "nothing else can be asked"),
            ({"json_path": "$.a", "header": "b"}, "give one of json_path, header, pattern"),
            ({"json_path": "a"}, "this is no JSON path"),
            ({"matches": "("}, "this is no regular expression"),
        ],
    )
    def test_what_makes_no_sense_is_refused_when_saved(self, check: dict[str, Any], said: str) -> None:
        assert said in refusal(check=[check])


class TestExtraction:
    def test_values_go_under_their_names(self) -> None:
        wanted = {
            "state": "$.state",
            "flags": {"json_path": "$.flags[*]", "all": True},
            "version": {"header": "X-Version"},
            "digits": {"pattern": '"count": ([0-9]+)'},
            "gone": {"json_path": "$.gone", "default": None},
            "none": {"json_path": "$.gone[*]", "all": True},
        }
        found = extract(wanted=parameters(extract=wanted).extract, reading=reading(x_version="2"))
        assert found == {
            "state": "done",
            "flags": [True, True],
            "version": "2",
            "digits": "3",
            "gone": None,
            "none": [],
        }

    def test_what_is_missing_without_a_default_fails_the_call(self) -> None:
        with pytest.raises(PermanentError, match=r"extract\.id: \$\.id: there is none, and no default") as caught:
            extract(wanted=parameters(extract={"id": "$.id"}).extract, reading=reading())
        assert caught.value.code == "extract"

    def test_a_default_stands_for_what_cannot_be_read_too(self) -> None:
        wanted = parameters(extract={"id": {"json_path": "$.id", "default": "?"}}).extract
        assert extract(wanted=wanted, reading=reading(b"<html>")) == {"id": "?"}

    @pytest.mark.parametrize("place", ["$.echo", {"pattern": '"echo": "(.*)"'}, {"pattern": "s3c"}])
    def test_a_secret_cannot_be_cut_out_of_an_echo(self, place: Any) -> None:
        wanted = parameters(
            extract={"it": {"default": "none", **({"json_path": place} if place == "$.echo" else place)}}
        )
        assert extract(wanted=wanted.extract, reading=reading())["it"] in ("***", "none")

    @pytest.mark.parametrize(("name", "value"), [("a b", "$.a"), ("a", {}), ("a", "a")])
    def test_a_bad_name_or_place_is_refused_when_saved(self, name: str, value: Any) -> None:
        assert refusal(extract={name: value}).startswith("extract")
