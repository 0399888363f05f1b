"""The kinds of triggers and their fields, as the form offers them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from scheduler.documents import RUN_IF
from ui.scheduling.calendar_text import read_calendar_field, write_calendar_field
from ui.scheduling.form_parts import Field, Group, Rows, comma_list, number

JOBS = "known-jobs"
ZONES = "known-zones"
_UNITS = tuple((unit, unit) for unit in ("minute", "hour", "day", "week", "month"))
_RESULTS = (
    ("succeeded", _("succeeded")),
    ("failed", _("failed")),
    ("cancelled", _("was cancelled")),
    ("succeeded, failed", _("succeeded or failed")),
    ("succeeded, cancelled", _("succeeded or was cancelled")),
    ("failed, cancelled", _("failed or was cancelled")),
    ("succeeded, failed, cancelled", _("ended in any way")),
)
_ORDER = ("succeeded", "failed", "cancelled")
_MOMENT = _("An instant such as 2026-01-31T09:00:00Z, or 2026-01-31T09:00 on the clock of the schedule's zone.")
_MOMENT_OR_SAVED = _(
    "An instant such as 2026-01-31T09:00:00Z, or 2026-01-31T09:00 on the schedule's clock; empty: when it is saved."
)
_DURATION = _("Such as 90s, 10m, 6h or 1 day.")
ENABLED = Field(
    "enabled", _("Enabled"), _("Without it this trigger does not fire; the others do."), "check", default="on"
)


def _results(value: Any) -> str:
    return ", ".join(sorted(value, key=_ORDER.index)) if isinstance(value, list) else str(value)


def _calendar(name: str, label: Any, hint: str, help: Any = "") -> Field:
    return Field(name, label, help, hint=hint, read=read_calendar_field, write=write_calendar_field)


_CALENDAR = Group(
    (
        _calendar("hour", _("Hour"), "9-17", _("0 to 23; midnight when it is empty, * for every.")),
        _calendar("minute", _("Minute"), "0-59/15", _("0 to 59; 0 when it is empty.")),
        _calendar("second", _("Second"), "0", _("0 to 59; 0 when it is empty.")),
        _calendar("dayOfWeek", _("Day of the week"), "MONDAY-FRIDAY", _("Every one when it is empty.")),
        _calendar("dayOfMonth", _("Day of the month"), "1, 15", _("1 to 31; every one when it is empty.")),
        _calendar("month", _("Month"), "JANUARY, JULY", _("1 to 12 or names; every one when it is empty.")),
        _calendar("year", _("Year"), "2026-2030", _("2000 to 2100; every one when it is empty.")),
        Field("comment", _("Comment"), _("Told with the description."), hint="office hours"),
    )
)
_EVERY_SECONDS = Group(
    (
        Field("every", _("Every so many seconds"), _("A whole number."), "number", hint="86400", read=number),
        Field("offset", _("Offset in seconds"), _("Less than the above; 0 when it is empty."), "number", read=number),
    )
)

KINDS: Mapping[str, Group] = {
    "job": Group(
        (
            Field(
                "results",
                _("When it"),
                _("The results that count."),
                "select",
                _RESULTS,
                default="succeeded",
                read=comma_list,
                write=_results,
            ),
            Field(
                "of",
                _("Of several jobs"),
                _("Whether one of them is enough, or all must have ended so."),
                "select",
                (("any", _("any of them")), ("all", _("all of them"))),
                default="any",
            ),
            Field("delay", _("Delay"), _("How long after the end, such as 10m."), hint="10m", default="0"),
        ),
        (
            Rows(
                "jobs",
                _("Jobs"),
                _("Another job"),
                Field("", _("Job"), hint="task:name", suggestions=JOBS),
                _("The jobs whose runs start this one."),
                least=1,
            ),
        ),
        _("After another job completes"),
        _("Starts when a run of another job has ended with the result that you choose."),
    ),
    "cron": Group(
        (
            Field(
                "expression",
                _("Expression"),
                _("Five fields are Unix cron; six or seven are Quartz: second minute hour day month weekday (year)."),
                hint="0 0 9 ? * MON-FRI",
            ),
        ),
        (),
        _("Cron string"),
        _("Quartz or Unix cron, on the clock of the schedule's zone."),
    ),
    "interval": Group(
        (
            Field("start", _("Start"), _MOMENT_OR_SAVED, hint="2026-01-31T09:00"),
            Field("interval", _("Every"), _("How many units lie between two fires."), "number", begin="1", read=number),
            Field("unit", _("Unit"), _("Days and longer keep the time on the clock."), "select", _UNITS, begin="day"),
            Field("end", _("End"), _("The last moment at which it may fire; empty for none."), hint="2026-12-31"),
        ),
        (),
        _("Start + interval"),
        _("At a start, and from there in steps of the clock or the calendar."),
    ),
    "every": Group(
        (
            Field("every", _("Every"), _DURATION, hint="6h"),
            Field(
                "offset", _("Offset"), _("So much after each multiple; less than the above."), hint="5m", default="0"
            ),
        ),
        (),
        _("Interval"),
        _("At whole multiples of a duration since the Unix epoch, whatever the time zone."),
    ),
    "iso8601": Group(
        (
            Field(
                "expression",
                _("Repeating interval"),
                _("How often, from where, at which distance; R alone has no limit."),
                hint="R5/2026-01-01T00:00:00Z/PT1H",
            ),
        ),
        (),
        _("ISO-8601"),
        _("A repeating interval in one text."),
    ),
    "calendar": Group(
        (),
        (
            Rows(
                "calendars",
                _("Calendars"),
                _("Another calendar"),
                _CALENDAR,
                _("All fields of one must match; 9-17 is a range, 1, 15 a list, 0-59/15 a step, * everything."),
                least=1,
            ),
            Rows(
                "intervals", _("Intervals"), _("An interval"), _EVERY_SECONDS, _("Elapsed time beside the calendars.")
            ),
            Rows(
                "skip",
                _("Skips"),
                _("A skip"),
                _CALENDAR,
                _("Times that are left out. For a whole day give * for hour, minute and second."),
            ),
        ),
        _("Calendar"),
        _("Fields of the calendar and the clock, spelled out."),
    ),
    "once": Group(
        (Field("at", _("At"), _MOMENT, hint="2026-01-31T09:00"),),
        (),
        _("Once"),
        _("A single time."),
    ),
    "random": Group(
        (
            Field("minimum", _("Shortest delay"), _DURATION, hint="10m"),
            Field("maximum", _("Longest delay"), _DURATION, hint="1h"),
            Field("start", _("Start"), _MOMENT_OR_SAVED, hint="2026-01-31T09:00"),
            Field("seed", _("Seed"), _("Schedules with the same seed fire alike; empty for one of its own.")),
        ),
        (),
        _("Random window"),
        _("Again and again after a random delay; previews show the very times at which it will fire."),
    ),
    "frequency": Group(
        (
            Field(
                "frequency",
                _("How often"),
                "",
                "select",
                (("", _("as the cron says")), *((word, word) for word in ("hourly", "daily", "weekly", "monthly"))),
                begin="daily",
            ),
            Field(
                "interval",
                _("Every"),
                _("Each of them, or every second, third ..."),
                "number",
                default="1",
                read=number,
            ),
            Field(
                "start_date",
                _("From"),
                _("Its minute, hour, weekday and day are those of the fires. Empty: 00:00, Monday, the first."),
                hint="2026-01-05T08:00",
            ),
            Field("end_date", _("To"), _("The last moment at which it may fire; empty for none."), hint="2026-12-31"),
            Field(
                "cron", _("Or a Unix cron"), _("Five fields; then what is chosen above is not read."), hint="0 8 * * *"
            ),
        ),
        (),
        _("Frequency words"),
        _("Hourly, daily, weekly or monthly."),
    ),
}
"""By the ``type`` of a document; in the order in which they are offered."""

EXCLUSIONS: Mapping[str, Group] = {
    "holidays": Group(
        (
            Field("country", _("Country"), _("The ISO code."), hint="DE"),
            Field("subdivision", _("Part of it"), _("Its code; empty for what the whole country keeps."), hint="BE"),
        ),
        (),
        _("Public holidays"),
        _("Not on the public holidays of a country."),
    ),
    "weekly": Group(
        (
            Field("from", _("From"), _("A weekday and a time."), hint="Saturday 22:00"),
            Field("to", _("To"), _("A weekday and a time."), hint="Sunday 06:00"),
            Field("comment", _("Comment"), _("The reason repeats it."), hint="maintenance"),
        ),
        (),
        _("Each week"),
        _("Not within this part of each week."),
    ),
    "daily": Group(
        (
            Field("from", _("From"), _("A time."), hint="22:00"),
            Field("to", _("To"), _("A time."), hint="06:00"),
            Field("comment", _("Comment"), _("The reason repeats it."), hint="backup"),
        ),
        (),
        _("Each day"),
        _("Not within this part of each day."),
    ),
    "blackout": Group(
        (
            Field("start", _("Start"), _MOMENT, hint="2026-12-24T00:00"),
            Field("end", _("End"), _("A day alone means the end of that day."), hint="2027-01-01"),
            Field("comment", _("Comment"), _("The reason repeats it."), hint="freeze"),
        ),
        (),
        _("Blackout"),
        _("Not from one moment to another."),
    ),
    "dates": Group(
        (
            Field(
                "dates",
                _("Days"),
                _("Of the schedule's zone, with commas between them."),
                hint="2026-12-24, 2026-12-31",
                read=comma_list,
                write=lambda value: ", ".join(value) if isinstance(value, list) else str(value),
            ),
            Field("comment", _("Comment"), _("The reason repeats it.")),
        ),
        (),
        _("Named days"),
        _("Not on these days."),
    ),
}
"""By the ``kind`` of an exclusion."""


def in_form_words(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """A trigger as the form says it, which has one way only where documents have two."""
    shown = dict(trigger)
    if "value" in shown and "expression" not in shown:
        shown["expression"] = shown.pop("value")
    run_if = shown.pop("run_if", None)
    if run_if in RUN_IF:
        shown["of"], results = RUN_IF[run_if]
        shown["results"] = list(results)
    return shown
