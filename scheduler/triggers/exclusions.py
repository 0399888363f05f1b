"""When a schedule does not fire although a trigger says so: holidays, blackouts and dates."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from scheduler.triggers.base import refuse
from scheduler.triggers.blackouts import DAY, WEEK, Blackout, ClockWindow, Dates
from scheduler.triggers.holiday_calendar import Holidays
from scheduler.triggers.times import read_end, read_moment, shown
from scheduler.triggers.wall_clock import DstRule, Gap, Overlap, instants

_MOST = 100
"""Exclusions of one schedule, and ten times that many dates of one exclusion."""
_LONGEST_COMMENT = 200
_CLOCK = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST = DstRule(Gap.SHIFT, Overlap.FIRST)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Exclusion(Protocol):
    """One set of times that are left out."""

    def reason(self, instant: dt.datetime) -> str | None:
        """Why an aware instant is excluded, as a sentence's end; None when it is not."""
        ...

    def until(self, instant: dt.datetime) -> dt.datetime:
        """A later instant before which everything is excluded, as this one is. Ask only of an excluded instant."""
        ...


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Any number of exclusions; what one of them excludes is excluded."""

    items: tuple[Exclusion, ...] = ()

    @classmethod
    def parse(cls, documents: object, *, zone: ZoneInfo, field: str = "exclusions") -> Exclusions:
        """Read a list of exclusions.

        Args:
            documents: JSON-ready, each with a ``kind``: ``holidays`` (country, subdivision), ``blackout`` (start, end), ``weekly``
                ("Saturday 22:00", "Sunday 06:00" as from and to), ``daily`` ("22:00", "06:00" as from and to) or ``dates`` (dates).
                All but holidays may have a ``comment``.
            zone: The clock of days, windows and times without a zone designator.
            field: The list's name for errors.

        Raises:
            ValidationError: One of them is malformed; the error names its place in the list and its field.
        """
        if not isinstance(documents, list) or len(documents) > _MOST:
            refuse(field, f"expected a list of at most {_MOST} exclusions, not {shown(documents)}")
        return cls(tuple(_item(document, zone, f"{field}.{at}") for at, document in enumerate(documents)))

    def reason(self, instant: dt.datetime) -> str | None:
        """Why an aware instant is excluded, by the first exclusion that does; None when none does."""
        return next((reason for item in self.items if (reason := item.reason(instant))), None)

    def until(self, instant: dt.datetime) -> dt.datetime:
        """A later instant before which everything is excluded. Ask only of an excluded instant."""
        return max(item.until(instant) for item in self.items if item.reason(instant))


def _item(document: object, zone: ZoneInfo, field: str) -> Exclusion:
    kind = document.get("kind") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(kind, str) or kind not in _KINDS:
        refuse(f"{field}.kind", f"expected an object whose kind is {', '.join(_KINDS)}")
    read, required, optional = _KINDS[kind]
    fields = {name: value for name, value in document.items() if name != "kind"}
    for name in required - fields.keys():
        refuse(f"{field}.{name}", f"is required for {kind}")
    for name in fields.keys() - required - optional:
        refuse(f"{field}.{name}", f"is not known: {kind} has {', '.join(sorted(required | optional))}")
    return read(fields, zone, f"{field}.")


def _holidays(fields: Mapping[str, object], zone: ZoneInfo, field: str) -> Exclusion:
    return Holidays.parse(country=fields["country"], subdivision=fields.get("subdivision"), zone=zone, field=field)


def _blackout(fields: Mapping[str, object], zone: ZoneInfo, field: str) -> Exclusion:
    moment = read_moment(fields["start"], field=f"{field}start")
    start = moment if moment.tzinfo else instants(moment, zone, _EARLIEST)[0]
    end = read_end(fields["end"], field=f"{field}end", zone=zone)
    if end <= start:
        refuse(f"{field}end", "expected a time later than the start")
    return Blackout(start, end, zone, _comment(fields, field))


def _weekly(fields: Mapping[str, object], zone: ZoneInfo, field: str) -> Exclusion:
    return _window(fields, zone, field, WEEK, _week_time)


def _daily(fields: Mapping[str, object], zone: ZoneInfo, field: str) -> Exclusion:
    return _window(fields, zone, field, DAY, _clock_time)


def _window(
    fields: Mapping[str, object],
    zone: ZoneInfo,
    field: str,
    cycle: dt.timedelta,
    read: Callable[[object, str], tuple[dt.timedelta, str]],
) -> Exclusion:
    start, start_words = read(fields["from"], f"{field}from")
    end, end_words = read(fields["to"], f"{field}to")
    length = (end - start) % cycle
    if not length:
        refuse(f"{field}to", "expected another time than from: a window without a gap would exclude every fire")
    return ClockWindow(start, length, cycle, f"{start_words} to {end_words}", zone, _comment(fields, field))


def _week_time(value: object, field: str) -> tuple[dt.timedelta, str]:
    """A weekday and a time as the distance from Monday's midnight, and in the words of an answer."""
    day_text, _, clock_text = value.partition(" ") if isinstance(value, str) else ("", "", "")
    days = [at for at, name in enumerate(_WEEKDAYS) if len(day_text) >= 3 and name.lower().startswith(day_text.lower())]
    if not days or not _CLOCK.fullmatch(clock_text):
        refuse(
            field,
            f"expected a weekday, or its first three letters or more, and a time, such as Saturday 22:00, not {shown(value)}",
        )
    since_midnight, words = _clock_time(clock_text, field)
    return days[0] * DAY + since_midnight, f"{_WEEKDAYS[days[0]]} {words}"


def _clock_time(value: object, field: str) -> tuple[dt.timedelta, str]:
    """A time as the distance from midnight, and in the words of an answer."""
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        refuse(field, f"expected a time from 00:00 to 24:00, such as 22:00, not {shown(value)}")
    return dt.timedelta(hours=int(match[1] or match[3]), minutes=int(match[2] or match[4])), match[0]


def _dates(fields: Mapping[str, object], zone: ZoneInfo, field: str) -> Exclusion:
    texts = fields["dates"]
    if not isinstance(texts, list) or not 1 <= len(texts) <= 10 * _MOST:
        refuse(f"{field}dates", f"expected a list of 1 to {10 * _MOST:,} dates such as 2026-12-24, not {shown(texts)}")
    days = frozenset(_date(text, f"{field}dates.{at}") for at, text in enumerate(texts))
    return Dates(days, zone, _comment(fields, field))


def _date(text: object, field: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text if isinstance(text, str) and _DATE.fullmatch(text) else "")
    except ValueError:
        refuse(field, f"expected a day that exists, such as 2026-12-24, not {shown(text)}")


def _comment(fields: Mapping[str, object], field: str) -> str:
    comment = fields.get("comment", "")
    if not isinstance(comment, str) or len(comment) > _LONGEST_COMMENT or not comment.isprintable():
        refuse(f"{field}comment", f"expected one line of at most {_LONGEST_COMMENT} characters")
    return comment


_Reader = Callable[[Mapping[str, Any], ZoneInfo, str], Exclusion]
_COMMENT = frozenset({"comment"})
_KINDS: dict[str, tuple[_Reader, frozenset[str], frozenset[str]]] = {
    "holidays": (_holidays, frozenset({"country"}), frozenset({"subdivision"})),
    "blackout": (_blackout, frozenset({"start", "end"}), _COMMENT),
    "weekly": (_weekly, frozenset({"from", "to"}), _COMMENT),
    "daily": (_daily, frozenset({"from", "to"}), _COMMENT),
    "dates": (_dates, frozenset({"dates"}), _COMMENT),
}
"""Each kind's reader, its required and its optional fields."""
