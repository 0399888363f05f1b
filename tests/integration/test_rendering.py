"""Answers in JSON say the same whoever makes their bytes."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from rest_framework.renderers import JSONRenderer

from jobs.api.rendering import QuickJSONRenderer
from jobs.states import RunState

INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"state": RunState.RUNNING, "counts": {"total": 3}, "error": None, "admitted": True},
        {"at": dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)},
        {"at": dt.datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=dt.UTC)},
        {"at": dt.datetime(2026, 11, 21, 12, tzinfo=INDIA)},
        {"for": dt.timedelta(seconds=90), "day": dt.date(2026, 11, 21)},
        {"text": 'ä 😀 " \\ \n \u2028 </script>'},
        {"float": 0.1, "small": 1e-9, "whole": 2.0},
        {"large": 10**30},
        {1: "a key that is no text"},
        ["a", ("tuple",)],
    ],
)
def test_it_reads_as_what_rest_framework_makes(value: Any) -> None:
    ours, theirs = QuickJSONRenderer().render(value), JSONRenderer().render(value)
    if value is None:
        assert ours == theirs == b""
    else:
        assert json.loads(ours) == json.loads(theirs)
