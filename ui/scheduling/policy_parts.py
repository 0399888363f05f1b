"""What a schedule says beside its triggers, as the form offers it: each with one line that tells what it does. Pure."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext_lazy as _

from jobs import strict_json
from jobs.errors import FieldError, ValidationError
from ui.scheduling.form_parts import Field, Group, number
from ui.scheduling.trigger_parts import ZONES


def _read_json(text: str) -> Any:
    try:
        return strict_json.loads(text)
    except strict_json.NotJSONError as error:
        raise ValidationError([FieldError("", f"expected a JSON object: {error}")]) from error


def _write_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""


WHAT = Group(
    (
        Field("name", _("Name"), _("Unique in its job; it keeps its history under it."), default="default"),
        Field(
            "timezone",
            _("Time zone"),
            _("The clock that times, calendars and exclusions are read on; empty for the default."),
            hint="Europe/Berlin",
            suggestions=ZONES,
        ),
        Field("enabled", _("Enabled"), _("Without it the schedule owes nothing."), "check", default="on"),
    ),
)
LATE = Group(
    (
        Field(
            "misfire.policy",
            _("What comes up late"),
            _("After beats or the database were away: which of the fire times that were missed run."),
            "select",
            (
                ("latest", _("the last of them runs")),
                ("skip", _("none of them runs")),
                ("all", _("all of them run, oldest first")),
            ),
            default="latest",
        ),
        Field(
            "misfire.grace", _("Late is what is later than"), _("What is not later runs in any case."), default="60s"
        ),
        Field("misfire.window", _("Given up after"), _("What is later than this never runs."), default="1d"),
        Field("misfire.most", _("At most"), _("So many of them, when all run."), "number", default="100", read=number),
    ),
    label=_("Late"),
    help=_("What becomes of fire times that come up late."),
)
OVERLAP = Group(
    (
        Field(
            "overlap",
            _("While the former run goes on"),
            _("What becomes of a fire time when the run before it has not ended."),
            "select",
            (
                ("skip", _("skip it")),
                ("buffer_one", _("let it wait, unless one waits already")),
                ("buffer_all", _("let it wait, with up to 1,000 others")),
                ("cancel_other", _("stop the former run, and start when it has ended")),
                ("terminate_other", _("stop the former run, and start at once")),
                ("allow_all", _("start it beside the former run")),
            ),
            default="skip",
        ),
        Field("pause_on_failure", _("Pause on failure"), _("Pauses the schedule when a run of it fails."), "check"),
    ),
    label=_("Overlap"),
    help=_("What becomes of a fire time while the former run goes on."),
)
SPREAD = Group(
    (
        Field(
            "jitter",
            _("Jitter"),
            _("Moves each fire later by up to this; the same for the same fire time."),
            default="0",
        ),
    ),
    label=_("Jitter"),
    help=_("Spreads the load of schedules that fire at the same time."),
)
BOUNDS = Group(
    (
        Field(
            "start_date",
            _("Not before"),
            _("The first moment at which it may fire; empty for none."),
            hint="2026-01-01",
        ),
        Field(
            "end_date", _("Not after"), _("The last one; a day alone means its end. Empty for none."), hint="2026-12-31"
        ),
        Field("actions", _("At most so many runs"), _("Then it has ended; empty for no limit."), "number", read=number),
    ),
    label=_("Bounds"),
    help=_("From when, until when, and how often at most."),
)
CLOCKS = Group(
    (
        Field(
            "dst.gap",
            _("A time that the clocks skip"),
            _("In spring: nothing, or later by the hour that is skipped. Empty: each trigger's own rule."),
            "select",
            (("", _("each trigger's own rule")), ("skip", _("does not fire")), ("shift", _("fires later"))),
        ),
        Field(
            "dst.overlap",
            _("A time that comes twice"),
            _("In autumn. Choose both rules, or neither."),
            "select",
            (
                ("", _("each trigger's own rule")),
                ("first", _("fires the first time")),
                ("second", _("fires the second time")),
                ("both", _("fires both times")),
            ),
        ),
    ),
    label=_("When the clocks change"),
    help=_("Only where the triggers' own rules will not do."),
)
BESIDE = Group(
    (
        Field(
            "parameters",
            _("Parameters"),
            _("A JSON object that each run is given, for the templates of payloads."),
            "area",
            hint='{"kind": "daily"}',
            read=_read_json,
            write=_write_json,
        ),
        Field("notes", _("Notes"), _("For people."), "area"),
    ),
    label=_("Parameters and notes"),
    help=_("What its runs are given, and what people should know."),
)
POLICIES = (LATE, OVERLAP, SPREAD, BOUNDS, CLOCKS, BESIDE)
"""In the order in which they stand; each folds."""
